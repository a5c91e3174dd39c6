// The sentences that a person reads, in the language that was chosen. English sentences are the keys of a catalogue.

export type Values = Readonly<Record<string, string | Node>>;

export interface Language {
  readonly tag: string;
  /** What its speakers call it. */
  readonly name: string;
  readonly direction: "ltr" | "rtl";
  /** Whether a native speaker has read the catalogue. Until then the English stands beneath what matters most. */
  readonly reviewed: boolean;
  /** The digest of its catalogue. The build puts it here. */
  readonly integrity: string;
}

/** A sentence, or its forms by the plural categories of the language. */
type Catalogue = Readonly<Record<string, string | Readonly<Record<string, string>>>>;

declare const LANGUAGES: readonly Language[];

const ENGLISH: Language = { tag: "en", name: "English", direction: "ltr", reviewed: true, integrity: "" };
export const languages: readonly Language[] = [ENGLISH, ...LANGUAGES];

let catalogue: Catalogue = {};
let language = ENGLISH;

/** The language that the person's browser asks for, as far as there is one. */
export function preferredLanguage(): Language {
  for (const wanted of navigator.languages) {
    const asked = new Intl.Locale(wanted).maximize();
    const found = languages.find(({ tag }) => {
      const offered = new Intl.Locale(tag).maximize();
      return offered.language === asked.language && offered.script === asked.script;
    });
    if (found !== undefined) return found;
  }
  return ENGLISH;
}

/** Speak this language from now on. Stays with the present one where the catalogue cannot be loaded. */
export async function chooseLanguage(chosen: Language): Promise<void> {
  if (chosen !== ENGLISH) {
    const response = await fetch(`/case/${chosen.tag}.json`, {
      integrity: chosen.integrity, cache: "no-store", credentials: "omit", mode: "same-origin", redirect: "error",
    }).catch(() => null);
    if (response?.ok !== true) return;
    catalogue = (await response.json()) as Catalogue;
  } else {
    catalogue = {};
  }
  language = chosen;
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.direction;
  for (const element of document.querySelectorAll<HTMLElement>("[data-say]")) {
    const english = (element.dataset["english"] ??= element.textContent);
    element.replaceChildren(element.dataset["say"] === "clearly" ? sayClearly(english) : say(english));
  }
  nameCountries();
}

/** Name the countries in the chosen language, in English where the browser does not know it, in the order of the names. */
function nameCountries(): void {
  const known = [...Intl.DisplayNames.supportedLocalesOf(language.tag), "en-GB"];
  const names = new Intl.DisplayNames(known, { type: "region" });
  const countries = [...document.querySelectorAll<HTMLElement>("[data-country]")];
  for (const element of countries) {
    element.lang = names.resolvedOptions().locale;
    element.textContent = names.of(element.dataset["country"] ?? "") ?? "";
  }
  const { compare } = new Intl.Collator(known);
  countries.sort((one, other) => compare(one.textContent, other.textContent));
  for (const group of countries.map((element) => element.closest("div"))) group?.parentElement?.append(group);
}

export function chosenLanguage(): Language {
  return language;
}

/** Return the text with each `{name}` replaced. What replaces it is text or an element, never markup. */
function fill(sentence: string, values: Values): DocumentFragment {
  const filled = document.createDocumentFragment();
  for (const part of sentence.split(/(\{[a-z]+\})/)) {
    const value = part.startsWith("{") ? values[part.slice(1, -1)] : undefined;
    filled.append(value instanceof Node ? value.cloneNode(true) : (value ?? part));
  }
  return filled;
}

/** The sentence in the chosen language. */
export function say(english: string, values: Values = {}): DocumentFragment {
  const translated = catalogue[english];
  return fill(typeof translated === "string" ? translated : english, values);
}

/** The sentence for so many things. */
export function sayMany(one: string, several: string, count: number, values: Values = {}): DocumentFragment {
  const forms = catalogue[one];
  // A browser may know a category that the build did not: the rules of a language change from year to year.
  const form =
    typeof forms === "object" ? (forms[new Intl.PluralRules(language.tag).select(count)] ?? forms["other"]) : undefined;
  return fill(form ?? (count === 1 ? one : several), values);
}

/** The same, with the English beneath while no native speaker has read the translation. */
export function sayClearly(english: string, values: Values = {}): DocumentFragment {
  return withEnglish(say(english, values), fill(english, values));
}

export function sayManyClearly(one: string, several: string, count: number, values: Values = {}): DocumentFragment {
  return withEnglish(sayMany(one, several, count, values), fill(count === 1 ? one : several, values));
}

function withEnglish(said: DocumentFragment, english: DocumentFragment): DocumentFragment {
  if (language.reviewed) return said;
  const beneath = document.createElement("span");
  beneath.className = "english";
  beneath.lang = "en";
  beneath.dir = "ltr";
  beneath.append(english);
  said.append(beneath);
  return said;
}

/**
 * A day of a document (YYYY-MM-DD) as people write it in the chosen language, and as slips have it: with the digits of
 * the case number, in Thai with the year that Thailand counts, and in Sinhala as given, for the months of CLDR are named
 * after full moons and begin on other days.
 */
export function dayElement(day: string): HTMLTimeElement {
  const element = document.createElement("time");
  const known = language.tag === "si" ? [] : Intl.DateTimeFormat.supportedLocalesOf(language.tag);
  const calendar = language.tag === "th" ? "buddhist" : "gregory";
  element.dateTime = day;
  element.textContent =
    known.length === 0
      ? day
      : new Intl.DateTimeFormat(known, { dateStyle: "long", timeZone: "UTC", calendar, numberingSystem: "latn" })
          .format(new Date(day));
  return element;
}

/** Text from outside, kept apart from the direction of the text around it. */
export function isolated(text: string, tag: "bdi" | "code" = "bdi"): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  if (tag === "code") element.dir = "ltr";
  return element;
}
