// What a hall may be, as the service judges it.

import { plural } from "./words.js";

const SEATS_MAX = 1_000_000;
const SEATS_OF_PART_MAX = 10_000;
export const PARTS_MAX = 2_500;
const PRICE_CENTS_MAX = 100_000_000;

/** The subsections of either form, in the long one's words. */
export function expanded(config) {
  return config.sections.flatMap((section) =>
    Array.isArray(section.subsections)
      ? section.subsections.map((part) => ({ ...part, section: section.name, price: section.price }))
      : Array.from({ length: Math.min(section.subsections, PARTS_MAX + 1) }, (_, index) => ({
          number: index + 1,
          rows: config.rows,
          seats_per_row: config.cols,
          section: section.name,
          price: section.price,
        })),
  );
}

const isPrice = (cents) => Number.isInteger(cents) && cents >= 0 && cents <= PRICE_CENTS_MAX;
const isPriced = (category) =>
  isPrice(category?.price) && category.rows?.length === 2 && category.rows.every(Number.isInteger);

/** Said while typing; the service judges once more. */
export function judged({ config, fault }) {
  if (fault) return { fault };
  if (!Array.isArray(config?.sections) || !config.sections.length)
    return { fault: "A hall needs at least one section." };
  const names = config.sections.map((section) => section?.name);
  if (!names.every((name) => /^[A-Za-z0-9_-]{1,20}$/.test(name ?? "")))
    return { fault: "A section's name has 1 to 20 letters, digits, - or _." };
  if (new Set(names).size !== names.length) return { fault: "Two sections have the same name." };
  if (!config.sections.every((section) => isPrice(section.price)))
    return { fault: "A price is an amount such as 45.00, at most 1,000,000.00." };
  if (
    !config.sections.every((section) =>
      Array.isArray(section.subsections) ? section.subsections.length > 0 : section.subsections >= 1,
    )
  )
    return { fault: "A section needs at least one part." };
  const all = expanded(config);
  if (all.length > PARTS_MAX) return { fault: `A hall has at most ${plural(PARTS_MAX, "part")}.` };
  if (
    !all.every(
      (part) =>
        Number.isInteger(part.rows) && Number.isInteger(part.seats_per_row) && part.rows > 0 && part.seats_per_row > 0,
    )
  )
    return { fault: "Rows and seats are whole numbers from 1." };
  if (!all.every(({ price_categories: own = [] }) => Array.isArray(own) && own.every(isPriced)))
    return { fault: 'A price category has a name, a price and rows, such as {"name":"front","price":9900,"rows":[1,5]}.' };
  if (all.some((part) => part.rows * part.seats_per_row > SEATS_OF_PART_MAX))
    return { fault: `A part has at most ${plural(SEATS_OF_PART_MAX, "seat")}.` };
  if (all.reduce((sum, part) => sum + part.rows * part.seats_per_row, 0) > SEATS_MAX)
    return { fault: `A hall has at most ${plural(SEATS_MAX, "seat")}.` };
  return { config };
}
