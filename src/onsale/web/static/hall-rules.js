// What a hall may be, as the service judges it.

import { plural } from "./words.js";

const SEATS_MAX = 1_000_000;
const SEATS_OF_PART_MAX = 10_000;
export const PARTS_MAX = 2_500;
const PRICE_CENTS_MAX = 100_000_000;

const partsOf = (section, config) =>
  Array.isArray(section.subsections)
    ? section.subsections.map((part) => ({ ...part, section: section.name, price: section.price }))
    : Array.from({ length: Math.min(section.subsections, PARTS_MAX + 1) }, (_, index) => ({
        number: index + 1,
        rows: config.rows,
        seats_per_row: config.cols,
        section: section.name,
        price: section.price,
      }));

/** The subsections of either form, in the long one's words. */
export const expanded = (config) => config.sections.flatMap((section) => partsOf(section, config));

const isWhole = (number) => Number.isInteger(number) && number > 0;
const isPrice = (cents) => Number.isInteger(cents) && cents >= 0 && cents <= PRICE_CENTS_MAX;
const isPriced = (category) =>
  isPrice(category?.price) && category.rows?.length === 2 && category.rows.every(Number.isInteger);

/** Said while typing; the service judges once more. Gives `{config}`, or `{fault, what, section}`: which
    section it is, from 0, and what of it (name, price, count, rows, seats or categories); of a hall
    without sections the fault alone. */
export function judged(config) {
  const sections = config?.sections;
  if (!Array.isArray(sections) || !sections.length) return { fault: "A hall needs at least one section." };
  const names = new Set();
  let parts = 0;
  let seats = 0;
  const seatsOf = (part) => part.rows * part.seats_per_row;
  const some = (isWrong) => (section) => partsOf(section, config).some(isWrong);
  const rules = [
    [
      "name",
      "A section's name has 1 to 20 letters, digits, - or _.",
      (section) => !/^[A-Za-z0-9_-]{1,20}$/.test(section?.name ?? ""),
    ],
    [
      "name",
      "Two sections have the same name.",
      ({ name }) => {
        const isKnown = names.has(name);
        names.add(name);
        return isKnown;
      },
    ],
    ["price", "A price is an amount such as 45.00, at most 1,000,000.00.", ({ price }) => !isPrice(price)],
    [
      "count",
      "A section needs at least one part.",
      ({ subsections }) => !(Array.isArray(subsections) ? subsections.length > 0 : subsections >= 1),
    ],
    [
      "count",
      `A hall has at most ${plural(PARTS_MAX, "part")}.`,
      (section) => {
        parts += partsOf(section, config).length;
        return parts > PARTS_MAX;
      },
    ],
    ["rows", "Rows and seats are whole numbers from 1.", some((part) => !isWhole(part.rows))],
    ["seats", "Rows and seats are whole numbers from 1.", some((part) => !isWhole(part.seats_per_row))],
    [
      "categories",
      'A price category has a name, a price and rows, such as {"name":"front","price":9900,"rows":[1,5]}.',
      some(({ price_categories: own = [] }) => !Array.isArray(own) || !own.every(isPriced)),
    ],
    ["seats", `A part has at most ${plural(SEATS_OF_PART_MAX, "seat")}.`, some((part) => seatsOf(part) > SEATS_OF_PART_MAX)],
    [
      "count",
      `A hall has at most ${plural(SEATS_MAX, "seat")}.`,
      (section) => {
        seats += partsOf(section, config).reduce((sum, part) => sum + seatsOf(part), 0);
        return seats > SEATS_MAX;
      },
    ],
  ];
  for (const [what, fault, isWrong] of rules) {
    const section = sections.findIndex(isWrong);
    if (section >= 0) return { fault, what, section };
  }
  return { config };
}
