// Leaving at once: a button, or Shift three times. Never Escape, which people press for other reasons.

import { say } from "./words";

const PRESSES = 3;
/** Milliseconds within which the next press must come. */
const PATIENCE = 5000;

/** Blank the page and go to an empty one, which takes this page's place in the window's history. */
export function leave(): void {
  document.documentElement.replaceChildren();
  location.replace("about:blank");
}

/** Leave by `button`, or by Shift alone three times; `announcement` says how many more presses it takes. */
export function watchForLeaving(button: HTMLElement, announcement: HTMLElement): void {
  let presses = 0;
  let alone = false;
  let timer = 0;
  const forget = (): void => {
    presses = 0;
    announcement.replaceChildren();
  };
  button.hidden = false;
  button.addEventListener("click", leave);
  addEventListener("keydown", (event) => {
    if (event.key === "Shift") {
      if (!event.repeat) alone = true;
    } else {
      alone = false; // Shift with a letter is typing
      forget();
    }
  });
  addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone) return;
    presses += 1;
    if (presses === PRESSES) {
      leave();
      return;
    }
    announcement.replaceChildren(
      presses === 1 ? say("Press Shift twice more to leave this page.") : say("Press Shift once more to leave this page."),
    );
    clearTimeout(timer);
    timer = setTimeout(forget, PATIENCE);
  });
}
