// The page itself: what a person types and presses, and what is shown then.

import { grouped, type CaseKeys, keysOf, parse, symbolsOf } from "./case_number";
import type { CaseStatus, Item } from "./documents";
import { Intake, IntakeError, type Reason } from "./intake";
import { watchForLeaving } from "./leave";
import { itemName, reportOf } from "./report";
import {
  chooseLanguage, chosenLanguage, isolated, languages, preferredLanguage, say, sayClearly, sayManyClearly,
} from "./words";

function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(id);
  return element as T;
}

function show(id: string, visible: boolean): void {
  byId(id).hidden = !visible;
}

function paragraphs(...sentences: DocumentFragment[]): HTMLElement[] {
  return sentences.map((sentence) => {
    const element = document.createElement("p");
    element.append(sentence);
    return element;
  });
}

/** The key id after `#` in the page's address, null if there is none, or "wrong" if it is not one. */
function pinned(): string | null | "wrong" {
  const fragment = location.hash.slice(1).toLowerCase();
  return fragment === "" ? null : /^[0-9a-f]{40}$/.test(fragment) ? fragment : "wrong";
}

function sentencesFor(reason: Reason | "number" | "pin"): DocumentFragment[] {
  switch (reason) {
    case "number":
      return [
        sayClearly("This is not a valid case number: a character is missing, added or mistyped."),
        sayClearly("Compare it with the number that you wrote down. Nothing was sent."),
      ];
    case "pin":
      return [
        say("The address of this page is incomplete: what stands after '#' is not the key of an intake."),
        say("Use the whole address on your slip. Nothing was sent."),
      ];
    case "no-such-case":
      return [
        say("The intake has no such case."),
        sayClearly("Check the number. Check that the case was sent to this intake."),
        say("A case that has ended is deleted, and then gives this answer too."),
      ];
    case "untrusted":
      return [
        say("The server's key or answer is not the expected one, so nothing more was sent."),
        say("Do not continue. Ask the helpline for the address of this page, with the key after '#', and compare the two."),
      ];
    case "no-intake":
      return [say("There is no takedown intake at this address.")];
    case "busy":
      return [say("The intake is busy. Please try again later.")];
    case "unreachable":
      return [say("The intake cannot be reached. Check your connection, and try again later.")];
  }
}

const MOST_ITEMS = 2000;

let intake: Intake;
/** The keys of the case that is shown, to withdraw it. They are forgotten with the page. */
let keys: CaseKeys | null = null;
/** What is shown, to say it again in another language. */
let shown: CaseStatus | null = null;
let complained: Reason | "number" | "pin" | null = null;
/** What a person is asked to confirm: the numbers of the items to withdraw, or undefined for the whole case. */
let meant: readonly number[] | undefined;

function complain(reason: Reason | "number" | "pin"): void {
  complained = reason;
  byId("problem").replaceChildren(...paragraphs(...sentencesFor(reason)));
  show("problem", true);
  if (reason === "number") {
    byId("number").setAttribute("aria-invalid", "true");
    byId("number").focus();
  } else {
    byId("problem").focus();
  }
}

function forgetCase(): void {
  keys = null;
  shown = null;
  byId("state").replaceChildren();
  byId("choices").replaceChildren();
  show("confirm", false);
  show("case", false);
}

function showCase(status: CaseStatus): void {
  fillCase(status);
  byId<HTMLDetailsElement>("some").open = false;
  show("withdraw", status.items.some((item) => item.state !== "withdrawn"));
  show("confirm", false);
  show("case", true);
  byId("case-title").focus();
}

function fillCase(status: CaseStatus): void {
  shown = status;
  const done: HTMLElement[] = [];
  if (status.withdrawn !== undefined) {
    const count = { count: `${status.withdrawn}` };
    done.push(...paragraphs(sayManyClearly("{count} picture or video withdrawn.", "{count} pictures and videos withdrawn.", status.withdrawn, count)));
  }
  byId("state").replaceChildren(...done, ...reportOf(status));
  const left = status.items.filter((item) => item.state !== "withdrawn");
  byId("choices").replaceChildren(...left.map(choice));
  show("some", left.length > 1);
}

function choice(item: Item): HTMLElement {
  const label = document.createElement("label");
  const box = document.createElement("input");
  label.className = "choice";
  box.type = "checkbox";
  box.value = `${item.number}`;
  label.append(box, itemName(item));
  return label;
}

/** Ask whether this is meant: the items with these numbers, or the whole case. */
function confirm(items: readonly number[] | undefined): void {
  meant = items;
  fillQuestion();
  show("withdraw", false);
  show("confirm", true);
  byId("question").focus();
}

function fillQuestion(): void {
  const count = meant?.length ?? 0;
  byId("question").replaceChildren(
    meant === undefined
      ? sayClearly("Withdraw the whole case? Platforms are then asked to stop looking for it.")
      : sayManyClearly("Withdraw {count} picture or video? Platforms are then asked to stop looking for it.", "Withdraw {count} pictures and videos? Platforms are then asked to stop looking for them.", count, { count: `${count}` }),
  );
}

function choices(): number[] {
  return [...byId("choices").querySelectorAll<HTMLInputElement>("input:checked")].map((box) => Number(box.value));
}

function choose(event: Event): void {
  event.preventDefault();
  const items = choices();
  if (items.length > 0) confirm(items);
  else byId("choices").querySelector("input")?.focus();
}

function keep(): void {
  show("confirm", false);
  show("withdraw", true);
  byId("all").focus();
}

async function withdraw(): Promise<void> {
  const of = keys;
  if (of === null) return;
  await working(async () => {
    // The most items that one request may name. Each request can be repeated, so what is left after a failure is no harm.
    let status = await intake.ask(of, "withdraw", meant?.slice(0, MOST_ITEMS));
    for (let start = MOST_ITEMS; start < (meant?.length ?? 0); start += MOST_ITEMS) {
      const next = await intake.ask(of, "withdraw", meant?.slice(start, start + MOST_ITEMS));
      status = { ...next, withdrawn: (status.withdrawn ?? 0) + (next.withdrawn ?? 0) };
    }
    showCase(status);
  });
}

/** Do what needs the intake, with the form out of use meanwhile. */
async function working(task: () => Promise<void>): Promise<void> {
  const buttons = [...document.querySelectorAll<HTMLButtonElement>("#works button")];
  if (buttons.some((button) => button.disabled)) return;
  buttons.forEach((button) => (button.disabled = true));
  show("problem", false);
  complained = null;
  byId("number").removeAttribute("aria-invalid");
  byId("busy").replaceChildren(say("Asking the intake…"));
  try {
    await task();
  } catch (error) {
    complain(error instanceof IntakeError ? error.reason : "unreachable");
  } finally {
    byId("busy").replaceChildren();
    buttons.forEach((button) => (button.disabled = false));
  }
}

async function ask(event: Event): Promise<void> {
  event.preventDefault();
  const field = byId<HTMLInputElement>("number");
  const symbols = parse(field.value);
  if (symbols === null) {
    forgetCase();
    complain("number");
    return;
  }
  await working(async () => {
    forgetCase();
    const asked = keysOf(symbols);
    const status = await intake.ask(asked, "status");
    keys = asked;
    field.value = "";
    showCase(status);
  });
}

/** Group what was typed as it stands on a slip, when the person leaves the field. */
function group(): void {
  const field = byId<HTMLInputElement>("number");
  if (field.value.length <= 200) field.value = grouped(symbolsOf(field.value));
}

function sayPause(seconds: number): void {
  byId("busy").replaceChildren(
    say("The intake is busy or cannot be reached. Asking again in {seconds} s…", { seconds: `${Math.ceil(seconds)}` }),
  );
}

function showIdentity(pin: string | null): void {
  const sentence =
    pin === null
      ? say("This address has no key after '#'. So any server that answers there is trusted.")
      : say("The key of this intake is checked. It must be {key}.", { key: isolated(pin, "code") });
  byId("pinned").replaceChildren(sentence);
}

function offerLanguages(speak: (tag: string) => void): void {
  const list = byId<HTMLSelectElement>("language");
  for (const { tag, name } of languages) {
    const option = document.createElement("option");
    option.value = option.lang = tag;
    option.textContent = name;
    list.append(option);
  }
  list.addEventListener("change", () => speak(list.value));
  document.querySelector<HTMLElement>(".language")?.toggleAttribute("hidden", false);
}

/** Say everything that is on the page in this language. */
async function speak(tag: string, pin: string | null | "wrong"): Promise<void> {
  await chooseLanguage(languages.find((language) => language.tag === tag) ?? chosenLanguage());
  byId<HTMLSelectElement>("language").value = chosenLanguage().tag;
  show("unreviewed", !chosenLanguage().reviewed);
  if (pin !== "wrong") showIdentity(pin);
  if (complained !== null) byId("problem").replaceChildren(...paragraphs(...sentencesFor(complained)));
  if (shown !== null) {
    const chosen = new Set(choices());
    fillCase(shown);
    byId("choices").querySelectorAll("input").forEach((box) => (box.checked = chosen.has(Number(box.value))));
    fillQuestion();
  }
}

function start(): void {
  show("needs", false);
  watchForLeaving(byId("leave"), byId("leaving"));
  const pin = pinned();
  offerLanguages((tag) => void speak(tag, pin));
  void speak(preferredLanguage().tag, pin);
  if (!isSecureContext) {
    show("insecure", true);
    return;
  }
  show("works", true);
  if (pin === "wrong") {
    byId("ask").hidden = true;
    complain("pin");
    return;
  }
  intake = new Intake(location.origin, pin, sayPause);
  byId("ask").addEventListener("submit", (event) => void ask(event));
  byId("all").addEventListener("click", () => confirm(undefined));
  byId("choose").addEventListener("submit", choose);
  byId("yes").addEventListener("click", () => void withdraw());
  byId("no").addEventListener("click", keep);
  byId("number").addEventListener("change", group);
  // Neither a page that was left nor one that is opened again may show a case.
  addEventListener("pagehide", () => {
    byId<HTMLInputElement>("number").value = "";
    forgetCase();
  });
  // Another key after '#' is another page: begin anew under it.
  addEventListener("hashchange", () => location.reload());
}

start();
