// The list of helplines, which the build puts into the page: so it is there without JavaScript too.
// Each entry of helplines.json has: country, an ISO 3166 code, left out where it is for every country; name; telephone as
// the helpline's page writes it, left out where there is none; for_whom, one of those below; page, on which this was read;
// read, the day. Nothing is written there from memory.

const FOR_WHOM = {
  "everybody": "<span data-say>For everybody</span>",
  "adults": "<span data-say>For adults</span>",
  "women": "<span data-say>For women</span>",
  "under-18": "<span data-say>If you were under 18 in the picture</span>",
  "young-people": "<span data-say>For young people and their parents</span>",
};
const ALL_COUNTRIES = "<dt data-say>All countries</dt>";

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.codePointAt(0)};`);

function entry({ name, telephone, for_whom, page }) {
  const number = telephone === undefined ? "" : `<br>\n<bdi class="telephone" dir="ltr">${escaped(telephone)}</bdi>`;
  return `<dd><a href="${escaped(page)}" rel="noreferrer"><bdi>${escaped(name)}</bdi></a>${number}<br>\n${FOR_WHOM[for_whom]}</dd>\n`;
}

function group(title, entries) {
  return `<div>\n${title}\n${entries.map(entry).join("")}</div>`;
}

/** The groups of a description list, one for each country, by name. The script puts the names into another language. */
export function helplinesList(helplines) {
  const english = new Intl.DisplayNames("en-GB", { type: "region" });
  const countries = [...new Set(helplines.flatMap(({ country }) => country ?? []))].map((code) => ({ code, name: english.of(code) }));
  countries.sort((one, other) => one.name.localeCompare(other.name, "en"));
  const of = (code) => helplines.filter(({ country }) => country === code);
  return [
    group(ALL_COUNTRIES, of(undefined)),
    ...countries.map(({ code, name }) => group(`<dt><bdi data-country="${code}">${escaped(name)}</bdi></dt>`, of(code))),
  ].join("\n");
}
