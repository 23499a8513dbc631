// Colours come from the App's own palette, so that dark and light both fit.
export const css = `
.fcr { --fcr-text: var(--fo-palette-text-primary, #eee); --fcr-soft: var(--fo-palette-text-secondary, #aaa);
  --fcr-line: var(--fo-palette-divider, #444); --fcr-card: var(--fo-palette-background-level2, #2b2b2b);
  --fcr-track: var(--fo-palette-background-level3, #3a3a3a); --fcr-accent: var(--fo-palette-primary-main, #ff6d04);
  height: 100%; overflow-y: auto; box-sizing: border-box; padding: 12px 14px 20px; color: var(--fcr-text);
  font-size: 13px; line-height: 1.4; display: flex; flex-direction: column; gap: 10px; container-type: inline-size; }
.fcr * { box-sizing: border-box; }
.fcr-row { display: flex; justify-content: space-between; align-items: baseline; gap: 8px; }
.fcr-title { font-size: 15px; font-weight: 600; }
.fcr-who { color: var(--fcr-soft); }
.fcr-who::before { content: "reviewer "; }
.fcr-muted { color: var(--fcr-soft); }
.fcr-small { font-size: 11px; }
.fcr-strong { font-weight: 600; }
.fcr-num { font-variant-numeric: tabular-nums; white-space: nowrap; }
.fcr-card { background: var(--fcr-card); border: 1px solid var(--fcr-line); border-radius: 6px;
  padding: 10px 12px; display: flex; flex-direction: column; gap: 9px; flex: none; }
.fcr-progress { display: flex; flex-direction: column; gap: 4px; }
.fcr-track { height: 8px; border-radius: 4px; background: var(--fcr-track); overflow: hidden; }
.fcr-track.is-thin { height: 4px; }
.fcr-fill { height: 100%; border-radius: inherit; background: var(--fcr-accent); transition: width .15s; }
.fcr-stats { display: grid; grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); gap: 10px; }
.fcr-stat-value { font-size: 20px; font-weight: 600; line-height: 1.15; font-variant-numeric: tabular-nums; }
.fcr-stat-name { font-size: 12px; }
.fcr-counts { display: flex; flex-wrap: wrap; gap: 2px 12px; font-size: 12px; border-top: 1px solid var(--fcr-line);
  padding-top: 7px; color: var(--fcr-soft); }
.fcr-counts b { color: var(--fcr-text); font-variant-numeric: tabular-nums; }
.fcr-counts .is-none, .fcr-counts .is-none b { opacity: .65; font-weight: 400; color: var(--fcr-soft); }
.fcr-keys { display: grid; gap: 6px; grid-template-columns: repeat(4, 1fr); }
.fcr-keys.is-two, .fcr-keys.is-three { display: flex; flex-wrap: wrap; }
.fcr-keys.is-two > *, .fcr-keys.is-three > * { flex: 1 0 auto; }
@container (max-width: 440px) { .fcr-keys.is-labels { grid-template-columns: repeat(3, 1fr); } }
@container (max-width: 340px) { .fcr-keys.is-labels { grid-template-columns: 1fr 1fr; } }
.fcr-button { font: inherit; font-size: 12px; display: flex; align-items: center; gap: 6px; min-width: 0; padding: 5px 7px;
  color: var(--fcr-text); background: transparent; border: 1px solid var(--fcr-line); border-radius: 4px;
  border-left: 4px solid var(--fcr-mark, var(--fcr-line)); cursor: pointer; text-align: left; }
.fcr-button > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.fcr-button.is-wide { padding: 7px 9px; font-size: 13px; }
.fcr-button:hover:enabled { background: var(--fcr-track); }
.fcr-button:focus-visible, .fcr-link:focus-visible { outline: 2px solid var(--fcr-accent); outline-offset: 1px; }
.fcr-button:disabled { opacity: .45; cursor: default; }
.fcr kbd { font: 600 11px/1.5 ui-monospace, Menlo, Consolas, monospace; padding: 0 5px; border-radius: 3px; color: var(--fcr-text);
  background: var(--fcr-track); border: 1px solid var(--fcr-line); }
.fcr-case { display: grid; grid-template-columns: minmax(96px, 38%) 1fr; gap: 12px; align-items: center; }
.fcr-face { display: block; width: 100%; aspect-ratio: 1; border-radius: 4px; background: var(--fcr-track); }
@media (max-height: 800px) { .fcr { gap: 8px; } .fcr-card { padding: 8px 10px; gap: 7px; }
  .fcr-case { grid-template-columns: minmax(96px, 120px) 1fr; } .fcr-faces { max-width: 320px; } .fcr-keys { gap: 5px; } }
.fcr-face.is-alone { width: 190px; margin: 0 auto; }
.fcr-claims { display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.fcr-claim { display: grid; grid-template-columns: 62px max-content; align-items: center; }
.fcr-label, .fcr figcaption { color: #fff; border-radius: 3px; font-weight: 600; text-shadow: 0 0 2px rgb(0 0 0 / 45%); }
.fcr-answered { min-height: 1.4em; font-size: 12px; text-align: center; } .fcr-answered b { color: var(--fcr-accent); }
.fcr-label { padding: 2px 8px; white-space: nowrap; }
.fcr-label.is-none { background: var(--fcr-track); color: var(--fcr-soft); text-shadow: none; font-weight: 400; }
.fcr-earlier { border-left: 3px solid var(--fcr-accent); padding: 4px 8px; display: flex; flex-direction: column; gap: 3px;
  background: var(--fcr-track); border-radius: 0 4px 4px 0; }
.fcr-bars { display: grid; margin-top: 4px; grid-template-columns: max-content 1fr max-content; gap: 4px 8px; align-items: center; font-size: 12px; }
.fcr-chips { display: flex; flex-wrap: wrap; gap: 4px; }
.fcr-chips span { font-size: 11px; padding: 1px 7px; border-radius: 9px; background: var(--fcr-track); }
.fcr-chips .is-flaw { background: #8e4b10; color: #fff; }
.fcr-faces { display: grid; grid-template-columns: repeat(5, minmax(0, 72px)); gap: 5px; margin-top: 4px; }
.fcr figure { margin: 0; border-radius: 4px; overflow: hidden; }
.fcr figure img { display: block; width: 100%; aspect-ratio: 1; image-rendering: auto; background: var(--fcr-track); }
.fcr figcaption { font-size: 11px; text-align: center; border-radius: 0; line-height: 1.5; overflow: hidden; text-overflow: ellipsis; }
.fcr-evidence.is-waiting { min-height: 210px; }
.fcr-ranking { display: flex; gap: 7px; align-items: baseline; font-size: 12px; color: var(--fcr-soft); }
.fcr-ranking i { flex: none; width: 8px; height: 8px; border-radius: 50%; background: #2e7d32; }
.fcr-ranking.is-running i { background: var(--fcr-accent); animation: fcr-beat 1s infinite alternate; }
.fcr-ranking.is-failed { color: var(--fcr-text); } .fcr-ranking.is-failed i { background: #d1495b; }
@keyframes fcr-beat { to { opacity: .25; } }
.fcr-help { font-size: 12px; color: var(--fcr-soft); display: flex; flex-wrap: wrap; gap: 4px 12px; justify-content: space-between; }
.fcr-link { font: inherit; color: var(--fcr-text); background: none; border: 0; padding: 0; cursor: pointer; }
.fcr-link:hover { text-decoration: underline; }
#fcr-flash { position: fixed; z-index: 100000; left: 50%; bottom: 26px; transform: translateX(-50%); max-width: 70vw; padding: 8px 16px;
  border-radius: 6px; font: 600 14px/1.4 system-ui, sans-serif; color: #fff; background: #2e7d32; opacity: 0; pointer-events: none;
  transition: opacity .12s; box-shadow: 0 3px 14px rgb(0 0 0 / 40%); }
#fcr-flash.is-success, #fcr-flash.is-warning, #fcr-flash.is-error { opacity: 1; }
#fcr-flash.is-warning { background: #9a5b00; } #fcr-flash.is-error { background: #b3261e; }
#fcr-picture { position: absolute; inset: 0; z-index: 20; display: flex; background: #000; }
#fcr-picture canvas { width: 100%; height: 100%; object-fit: contain; image-rendering: auto; }
#fcr-picture[data-raw=true] canvas { image-rendering: pixelated; }
#modal span:has(> [data-cy=nav-left-button]), #modal span:has(> [data-cy=nav-right-button]) { display: none; }
#fcr-cover, #fcr-sheet { position: fixed; inset: 0; z-index: 200000; display: flex; align-items: center; justify-content: center;
  background: rgb(0 0 0 / 92%); color: #eee; font: 14px/1.5 system-ui, sans-serif; }
#fcr-sheet { background: rgb(0 0 0 / 60%); }
#fcr-cover > div, #fcr-sheet > div { max-width: min(560px, 92vw); padding: 20px 26px; border-radius: 8px; background: #262626; border: 1px solid #555; }
#fcr-cover h2, #fcr-sheet h2 { margin: 0 0 10px; font-size: 17px; }
#fcr-cover button { font: inherit; font-weight: 600; padding: 7px 16px; border: 0; border-radius: 5px; cursor: pointer; color: #fff; background: #c24e00; }
#fcr-cover button:focus-visible { outline: 2px solid #fff; outline-offset: 2px; }
#fcr-sheet th { text-align: left; padding: 3px 18px 3px 0; white-space: nowrap; vertical-align: top; }
#fcr-sheet td { padding: 3px 0; } #fcr-sheet p { margin: 10px 0 0; color: #bbb; font-size: 12px; }
#fcr-sheet kbd { font: 600 12px/1.6 ui-monospace, Menlo, Consolas, monospace; padding: 1px 7px; border-radius: 3px; background: #3a3a3a; border: 1px solid #555; }
`;

const OUTCOMES = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"];

/** Thumbnails: what was decided is ticked and takes the place of the same word before it. */
export const chips = () =>
  "[data-cy=tag-decided]::before { content: '✓ '; } :has(> [data-cy=tag-decided]) > [data-cy=tag-suggested] { display: none; }" +
  OUTCOMES.map((label) => `:has(> [title="decided: ${label}"]) > [title="ground_truth: ${label}"]`).join() +
  " { display: none; }";
