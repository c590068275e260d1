"""Cards in the dark theme and in a narrow window."""

from __future__ import annotations

from pathlib import Path

from . import notebook
from .lab import Lab

CELLS = (
    "FROM busybox",
    "RUN mkdir /look && touch /look/a /look/b && rm /etc/passwd && echo done",
    "ENV LOOK=dark",
    "RUN echo it went wrong >&2; exit 3",
)
MIN_CONTRAST = 4.5  # of text, by the Web Content Accessibility Guidelines


def test_card_can_be_read_in_the_dark_theme(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "dark.ipynb", CELLS))
    for number in range(len(CELLS)):
        lab.run(number)
    lab.choose_theme("Dark")
    try:
        lab.card(1).open_tab("Files")
        for number in range(len(CELLS)):
            assert contrasts(lab, number) == []
        lab.screenshot("dark")
        lab.screenshot("dark", *range(len(CELLS)))
    finally:
        lab.choose_theme("Light")
    for number in range(len(CELLS)):
        assert contrasts(lab, number) == []


def test_card_can_be_read_in_a_narrow_window(lab: Lab, folder: Path) -> None:
    lab.open(notebook.write(folder / "narrow.ipynb", CELLS))
    for number in range(len(CELLS)):
        lab.run(number)
    lab.page.set_viewport_size({"width": 640, "height": 1000})
    lab.screenshot("narrow")
    for number in range(len(CELLS)):
        card = lab.card(number).root
        width = "element => element.scrollWidth - element.clientWidth"
        assert card.evaluate(width) <= 0
    lab.screenshot("narrow", *range(len(CELLS)))


def contrasts(lab: Lab, number: int) -> list[str]:
    """Texts of the card whose contrast to the card's ground is too low; disabled ones may be."""
    return lab.card(number).root.evaluate(CONTRAST, MIN_CONTRAST)


CONTRAST = """
(card, least) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const light = (...colours) => {
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of card.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest(":disabled, .dnb-hear")) continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) {
      grounds.unshift(getComputedStyle(at).backgroundColor);
    }
    const back = light("white", ...grounds);
    const text = light("white", ...grounds, getComputedStyle(element).color);
    const ratio = (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
    const what = `${element.className} "${element.textContent.slice(0, 30)}"`;
    if (ratio < least) found.push(`${what} ${ratio.toFixed(2)}`);
  }
  return found;
}
"""
