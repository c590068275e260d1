// Elements without HTML strings: whatever comes from a container is set as text.

/** An element: `h("span", { class: "x", onclick: f }, "text", child)`; null children are left out. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Sets the text of an element only if it differs: a screen reader hears no repetition. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

let lastId = 0;

/** An id that no other card of the page has (every card is a module of its own). */
function freshId(prefix) {
  lastId += 1;
  return `${prefix}-${Math.random().toString(36).slice(2, 9)}-${lastId}`;
}

function formatCount(number) {
  return number.toLocaleString("en-US");
}

/** Seconds as the kernel writes them: "6 ms", "4.1 s", "2 min 3 s". */
function formatSeconds(seconds) {
  if (seconds < 59.95) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago a Unix time was: "3 minutes ago"; a date when that is more than a week. */
function formatAge(unixTime) {
  const seconds = Date.now() / 1000 - unixTime;
  const steps = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [604800, "day", 86400]];
  for (const [limit, unit, size] of steps) {
    if (seconds < limit) {
      const count = Math.max(1, Math.round(seconds / size));
      return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
    }
  }
  return `on ${new Date(unixTime * 1000).toLocaleDateString()}`;
}

/** Puts text on the clipboard, also where pages may not use the clipboard API (plain http). */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { style: "position:fixed;opacity:0", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
