// What the App loads of this plugin: it makes the panel known. All else is in the modules beside.
(() => {
  "use strict";
  const { React, __fop__: fop } = window;
  const here = document.currentScript.src;
  const part = (name) => import(new URL(name, here));

  // On a first visit the App opens an advertisement, which would catch the first click.
  localStorage.setItem("fiftyone-enterprise-tooltip-seen", "true");

  // now: when the App asks for the panel the server has much to answer
  const parts = Promise.all([part("panel.js"), part("desk.js")]);
  const Panel = React.lazy(async () => {
    const [{ makePanel }, { api }] = await parts;
    return { default: makePanel(api) };
  });
  fop.registerComponent({
    name: "fercurate_review",
    label: "Review",
    component: (props) =>
      React.createElement(React.Suspense, { fallback: null }, React.createElement(Panel, props)),
    type: fop.PluginComponentType.Panel,
    activator: () => true,
    panelOptions: { surfaces: "grid modal", allowDuplicates: false },
  });
})();
