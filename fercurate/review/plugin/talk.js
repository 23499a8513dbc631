// Asking the server through the App's operators, and telling the reviewer.
const foo = window.__foo__;

/** Runs an operator; gives its result, or what went wrong in the form of one. */
export function run(uri, params = {}) {
  return new Promise((resolve) => {
    foo.executeOperator(uri, params, {
      skipOutput: true,
      skipErrorNotification: true,
      callback: (answer) =>
        resolve(
          answer?.result ?? {
            recorded: 0,
            level: "error",
            message: answer?.error
              ? `Not saved: ${answer.errorMessage || answer.error}`
              : undefined,
          },
        ),
    });
  });
}

/** Says something to the reviewer for a moment. */
export function flash(text, level = "success") {
  if (!text) return;
  let badge = document.getElementById("fcr-flash");
  if (!badge) {
    badge = document.createElement("div");
    badge.id = "fcr-flash";
    badge.setAttribute("role", "status");
    document.body.append(badge);
  }
  badge.textContent = text;
  badge.className = `is-${level}`;
  clearTimeout(badge.timer);
  badge.timer = setTimeout(() => (badge.className = ""), level === "success" ? 1200 : 5000);
}

/** Whether a condition came true within some time, ms. */
export function until(condition, ms) {
  return new Promise((resolve) => {
    const end = performance.now() + ms;
    const look = () =>
      condition() ? resolve(true) : performance.now() > end ? resolve(false) : setTimeout(look, 8);
    look();
  });
}
