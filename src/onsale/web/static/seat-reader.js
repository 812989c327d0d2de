// Reads the map of a part again when there is news of it.

import { paced } from "./live.js";

const EVERY_MS_MIN = 334;
// A large map is made once for all who ask within half a second: it may be older than the news.
const KEPT_MS = 600;

/** `work` reads and shows the map, and returns it; null if it could not be read. What is returned
    has it done, not too often; given the counts of the part as they were told, once more if the
    map does not have them. */
export function mapReader(work) {
  let told = null;
  const again = paced(async () => {
    const counts = told;
    told = null;
    const map = await work();
    if (map && counts && !hasCounts(map, counts)) setTimeout(again, KEPT_MS);
  }, EVERY_MS_MIN);
  return (counts = null) => {
    told = counts ?? told;
    return again();
  };
}

function hasCounts(map, counts) {
  const found = { available: 0, reserved: 0, sold: 0, blocked: 0 };
  for (const { status } of map.seats) found[status] += 1;
  return Object.entries(found).every(([status, count]) => count === counts[status]);
}
