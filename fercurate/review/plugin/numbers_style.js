// Of start.js and numbers.js; the colours are those of style.js.
export const css = `
.fcr-start p { margin: 0; }
.fcr-begin { font: 600 15px/1.3 inherit; font-family: inherit; padding: 11px 16px; border: 0; border-radius: 6px; cursor: pointer;
  color: #fff; background: #c24f00; }
.fcr-begin:hover:enabled { background: #a84400; }
.fcr-begin:focus-visible { outline: 2px solid var(--fcr-text); outline-offset: 2px; }
.fcr-begin:disabled { opacity: .6; cursor: default; }
.fcr .fcr-begin kbd { margin-left: 8px; color: #fff; background: rgb(0 0 0 / 25%); border-color: rgb(255 255 255 / 45%); }
@container (max-width: 440px) { .fcr-stats:has(> :nth-child(4)) { grid-template-columns: 1fr 1fr; } }
.fcr-notice { border-left: 3px solid var(--fcr-accent); gap: 4px; font-size: 12px; }
.fcr-notice p { margin: 0; }
.fcr-gain { font-size: 12px; }
.fcr-gain b { font-variant-numeric: tabular-nums; }
`;
