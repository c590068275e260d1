// Parts of the card that are drawn anew when they change: dots, pull, error, notes, config, cache.

function drawDots(element, dots, status) {
  setHidden(element, !dots.length);
  element.replaceChildren(...dots.map(([name, detail, state]) => h(
    "li", { class: `dnb-dot dnb-is-${state} dnb-on-${status}` },
    h("i", { "aria-hidden": "true" }),
    h("span", { class: "dnb-dotname" }, name, h("span", { class: "dnb-hear" }, `: ${state}`)),
    h("span", { class: "dnb-dotdetail" }, detail || " "),
  )));
}

function drawPull(element, pull) {
  // Rows are kept while the pull goes on, so that bars glide and nothing jumps.
  if (!pull) {
    setHidden(element, true);
    element.replaceChildren();
    return;
  }
  setHidden(element, false);
  while (element.children.length > pull.bars.length + 1) element.lastChild.remove();
  if (!element.firstChild) element.append(h("div", { class: "dnb-pullsum" }));
  setText(element.firstChild, [pull.sum, pull.hidden].filter(Boolean).join(", "));
  pull.bars.forEach((bar, index) => {
    const row = element.children[index + 1] ?? element.appendChild(newBar());
    updateBar(row, bar);
  });
}

function newBar() {
  return h("div", { class: "dnb-bar" },
    h("code"), h("span", { class: "dnb-track", role: "progressbar" }, h("b")),
    h("span", { class: "dnb-mute" }), h("span", { class: "dnb-amount" }));
}

function updateBar(row, [id, status, share, amount]) {
  const [code, track, label, bytes] = row.children;
  setText(code, id);
  setText(label, status);
  setText(bytes, amount);
  track.setAttribute("aria-label", `${status} ${id}`);
  track.classList.toggle("dnb-unknown", share === null);
  if (share === null) track.removeAttribute("aria-valuenow");
  else track.setAttribute("aria-valuenow", share);
  track.firstChild.style.width = `${share ?? 100}%`;
}

function drawError(element, error) {
  setHidden(element, !error);
  if (!error) return;
  element.replaceChildren(
    h("div", { class: "dnb-errortitle" }, error.title),
    ...(error.details ? [h("pre", { class: "dnb-errordetails", tabindex: 0 }, error.details)] : []),
  );
}

function drawNotes(element, facts, warnings) {
  setHidden(element, !facts.length && !warnings.length);
  element.replaceChildren(
    ...warnings.map((text) => h("div", { class: "dnb-warning" }, `Warning: ${text}`)),
    ...facts.map((text) => h("div", { class: "dnb-fact" }, text)),
  );
}

/** What a check found in the cell; a rule links to the page that explains it. */
function drawFindings(element, findings) {
  setHidden(element, !findings.length);
  element.replaceChildren(...findings.map(([level, place, rule, message, link]) => h(
    "div", { class: "dnb-finding" },
    h("span", { class: `dnb-level dnb-l-${level}` }, level), " ",
    link.startsWith("https://") ? h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, rule) : h("span", { class: "dnb-rule" }, rule),
    ` ${place ? `${place}: ` : ""}${message}`,
  )));
}

function configPane(changes) {
  const side = (text, kind) => h("span", { class: text === null ? "dnb-unset" : `dnb-${kind}` }, text ?? "not set");
  const rows = changes.map(([field, before, after]) => h("div", { class: "dnb-change" },
    h("dt", {}, field),
    h("dd", {}, side(before, "before"), h("span", { class: "dnb-before" }, " → "), side(after, "after"))));
  return h("dl", { class: "dnb-config", "aria-label": "Fields of the image config, before and after" }, ...rows);
}

function cachePane(cache) {
  const words = { hit: "From the cache.", miss: "Not in the cache.", off: "The cache was not asked." };
  const built = cache.built_at === null ? null
    : h("p", { class: "dnb-mute" }, ` Built ${formatAge(cache.built_at)}${cache.took ? ` in ${cache.took}` : ""}.`);
  const changed = cache.changed.length ? h("ul", {}, ...cache.changed.map((text) => h("li", {}, text))) : null;
  return h("div", { class: "dnb-cache" },
    h("p", {}, h("b", {}, words[cache.status]), cache.reason ? ` ${cache.reason}` : ""), changed, built);
}
