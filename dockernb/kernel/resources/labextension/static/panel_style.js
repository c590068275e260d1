// How the side panel looks, in the colours of the theme.

export const STYLE = `
.dockernb-panel { overflow: auto; padding: 8px 12px; color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1); font-size: var(--jp-ui-font-size1); }
.dockernb-panel:focus { outline: none; }
.dockernb-panel :is(h2, caption, .dockernb-heading) { font-size: var(--jp-ui-font-size1); font-weight: 600;
  margin: 14px 0 6px; color: var(--jp-ui-font-color2); text-align: left; }
.dockernb-panel > details { margin-top: 10px; }
.dockernb-panel :is(h2, .dockernb-heading) { text-transform: uppercase; letter-spacing: .04em; }
.dockernb-panel p { margin: 4px 0; }
.dockernb-panel ol { list-style: none; margin: 0; padding: 0; }
.dockernb-panel :is(button, summary):focus-visible {
  outline: 2px solid var(--jp-brand-color1); outline-offset: -2px; }
.dockernb-engine { display: flex; gap: 8px; align-items: center; }
.dockernb-engine i { width: 10px; height: 10px; border-radius: 50%; background: var(--dockernb-tone); }
.dockernb-engine span { margin-left: auto; color: var(--jp-ui-font-color2); }
.dockernb-graph { position: relative; }
.dockernb-graph svg { position: absolute; inset: 0 auto auto 0; fill: none;
  stroke: var(--jp-border-color1); stroke-width: 2; }
.dockernb-stage > b, .dockernb-node { height: 26px; box-sizing: border-box; white-space: nowrap;
  padding: 0 4px 0 calc(var(--lanes) + 6px); }
.dockernb-stage > b { display: flex; gap: 6px; align-items: end; padding-bottom: 3px; font-weight: 600;
  overflow: hidden; }
.dockernb-stage > b small { font-weight: 400; color: var(--jp-ui-font-color2); }
.dockernb-node { display: flex; gap: 8px; align-items: center; width: 100%; border: 0; position: relative;
  background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; min-width: 0; }
.dockernb-node:hover { background: var(--jp-layout-color2); }
.dockernb-node i { position: absolute; top: 8px; box-sizing: border-box; width: 10px; height: 10px;
  border-radius: 50%; border: 2px solid var(--dockernb-tone); background: var(--dockernb-tone); }
.dockernb-node code { overflow: hidden; text-overflow: ellipsis; flex: 1; min-width: 0;
  font-size: var(--jp-code-font-size); }
.dockernb-node span { flex: none; color: var(--jp-ui-font-color2); }
.dockernb-panel [data-state="built"] { --dockernb-tone: var(--jp-success-color1, #388e3c); }
.dockernb-panel [data-state="running"] { --dockernb-tone: var(--jp-brand-color1, #1976d2); }
.dockernb-panel [data-state="failed"] { --dockernb-tone: var(--jp-error-color1, #d32f2f); }
.dockernb-panel [data-state="stale"] { --dockernb-tone: var(--jp-warn-color1, #f57c00); }
.dockernb-panel [data-state="not run"] { --dockernb-tone: var(--jp-ui-font-color3, #888); }
.dockernb-node[data-state="stale"] i, .dockernb-node[data-state="not run"] i {
  background: var(--jp-layout-color1); }
.dockernb-node[data-state="failed"] i { border-radius: 0; }
.dockernb-panel table { border-collapse: collapse; width: 100%; }
.dockernb-panel th { text-align: left; font-weight: 400; color: var(--jp-ui-font-color2); }
.dockernb-panel td, .dockernb-panel th { padding: 2px 8px 2px 0; vertical-align: top; }
.dockernb-panel .dockernb-figure { text-align: right; white-space: nowrap; }
.dockernb-panel summary { cursor: pointer; padding: 2px 0; }
.dockernb-panel details table { margin-left: 14px; width: calc(100% - 14px); }
.dockernb-panel small, .dockernb-path { overflow-wrap: anywhere; }
.dockernb-panel footer { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 14px; }
.dockernb-panel button:disabled { opacity: .45; cursor: default; }
.dockernb-said { margin: 8px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
`;
