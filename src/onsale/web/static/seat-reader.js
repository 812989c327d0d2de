// Reads the map of a part again when there is news of it.

import { paced } from "./live.js";

const EVERY_MS_MIN = 334;
// A large map is made once for all who ask within half a second: it may be older than the news.
const KEPT_MS = 600;

/** `work` reads and shows the map, and returns it; null if it could not be read. What is returned
    has it done, not too often. Once it is given the counts of the part, as they were told, a map
    that was asked for soon after is to have them: else it is asked for again when none is kept
    from before. Whatever asked for it: the next may be answered by another process. */
export function mapReader(work) {
  let told = null;
  let keptUntil = 0;
  let timer = null;
  const again = paced(async () => {
    clearTimeout(timer);
    const isSure = performance.now() >= keptUntil;
    const map = await work();
    if (isSure || (map && hasCounts(map, told))) return;
    timer = setTimeout(again, keptUntil - performance.now());
  }, EVERY_MS_MIN);
  return (counts = null) => {
    if (counts) {
      told = counts;
      keptUntil = performance.now() + KEPT_MS;
    }
    return again();
  };
}

function hasCounts(map, counts) {
  const found = { available: 0, reserved: 0, sold: 0, blocked: 0 };
  for (const { status } of map.seats) found[status] += 1;
  return Object.entries(found).every(([status, count]) => count === counts[status]);
}
