// The state of a case in the sentences of `takedown status`; the counterpart of `cli/results/case.py`.

import type { Answer, CaseStatus, Item } from "./documents";
import { dayElement, isolated, say, sayClearly, sayMany, type Values } from "./words";

function itemSentence(item: Item, count: number, values: Values): DocumentFragment {
  switch (`${item.media} ${item.state}` as const) {
    case "image listed":
      return sayMany("Picture {numbers}: on the list that platforms fetch.", "Pictures {numbers}: on the list that platforms fetch.", count, values);
    case "image held":
      return sayMany("Picture {numbers}: held back until somebody at the intake has looked at it.", "Pictures {numbers}: held back until somebody at the intake has looked at it.", count, values);
    case "image withdrawn":
      return sayMany("Picture {numbers}: withdrawn.", "Pictures {numbers}: withdrawn.", count, values);
    case "video listed":
      return sayMany("Video {numbers}: on the list that platforms fetch.", "Videos {numbers}: on the list that platforms fetch.", count, values);
    case "video held":
      return sayMany("Video {numbers}: held back until somebody at the intake has looked at it.", "Videos {numbers}: held back until somebody at the intake has looked at it.", count, values);
    case "video withdrawn":
      return sayMany("Video {numbers}: withdrawn.", "Videos {numbers}: withdrawn.", count, values);
  }
}

/** An item by its number, for a list to choose from. */
export function itemName(item: Item): DocumentFragment {
  const values = { numbers: isolated(`${item.number}`) };
  return item.media === "image"
    ? sayMany("Picture {numbers}", "Pictures {numbers}", 1, values)
    : sayMany("Video {numbers}", "Videos {numbers}", 1, values);
}

function answerSentence(answer: Answer): DocumentFragment {
  const values = { platform: isolated(answer.platform), day: dayElement(answer.day) };
  switch (answer.state) {
    case "seen":
      return say("{platform} fetched the hash and has not answered yet ({day}).", values);
    case "under-review":
      return say("{platform} found a match and is looking at it ({day}).", values);
    case "blocked":
      return say("{platform} found copies and blocks them ({day}).", values);
    case "not-blocked":
      return say("{platform} found a match and decided not to block it ({day}).", values);
  }
}

/** Ascending numbers as people write them: `1-4, 7`. */
export function inRanges(numbers: readonly number[]): string {
  const runs: number[][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && number === (last.at(-1) ?? 0) + 1) last.push(number);
    else runs.push([number]);
  }
  return runs.map((run) => (run.length > 1 ? `${run[0]}-${run.at(-1)}` : `${run[0]}`)).join(", ");
}

function paragraph(content: DocumentFragment): HTMLParagraphElement {
  const element = document.createElement("p");
  element.append(content);
  return element;
}

/** The items that share a sentence and the platforms' answers, in the order of their first numbers. */
function alike(items: readonly Item[]): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = JSON.stringify([item.media, item.state, item.platforms]);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

/** What happened to the case, as elements for the page. */
export function reportOf(status: CaseStatus): HTMLElement[] {
  const dates = { received: dayElement(status.received ?? ""), expires: dayElement(status.expires ?? "") };
  const list = document.createElement("ul");
  list.className = "items";
  for (const items of alike(status.items)) {
    const [first] = items;
    if (first === undefined) continue;
    const entry = document.createElement("li");
    const numbers = isolated(inRanges(items.map((item) => item.number)));
    entry.append(itemSentence(first, items.length, { numbers }));
    if (first.platforms.length > 0) {
      const answers = document.createElement("ul");
      for (const answer of first.platforms) {
        const said = document.createElement("li");
        said.append(answerSentence(answer));
        answers.append(said);
      }
      entry.append(answers);
    }
    list.append(entry);
  }
  const left = daysUntil(status.expires);
  const days = { ...dates, count: `${left}` };
  const beginning = paragraph(
    left === 0
      ? say("Case received on {received}. The intake keeps it until {expires}.", dates)
      : sayMany("Case received on {received}. The intake keeps it until {expires} (in {count} day).", "Case received on {received}. The intake keeps it until {expires} (in {count} days).", left, days),
  );
  return [beginning, list, ...outlook(status).map(paragraph)];
}

/** How many days away a day is; 0 if it has come, or where this device's clock is far off. */
function daysUntil(day: string | null | undefined): number {
  const left = Math.round((Date.parse(day ?? "") - Date.parse(new Date().toISOString().slice(0, 10))) / 86_400_000);
  return left > 0 && left < 3000 ? left : 0;
}

function outlook(status: CaseStatus): DocumentFragment[] {
  if (status.items.every((item) => item.state === "withdrawn")) {
    return [
      sayClearly("Everything in this case is withdrawn. Platforms are asked to stop looking for it."),
      sayClearly("After that day the intake deletes the case, and its number shows nothing any more."),
    ];
  }
  if (status.items.some((item) => item.platforms.some((answer) => answer.state === "blocked"))) {
    return [say("Platforms keep looking, and stop new uploads of what they block. You don't need to do anything.")];
  }
  return [
    say("Platforms fetch the list by themselves, often within a day."),
    say("You don't need to do anything. Check again tomorrow."),
    say("On the last day the case ends by itself: the intake deletes it, and platforms are asked to stop looking."),
  ];
}
