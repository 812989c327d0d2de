// Which part of a map is drawn: a small one whole, of a large one what is in sight and a little more.

// So many seats cost less than to keep track of what is in sight.
const DRAWN_WHOLE_MAX = 1500;
// Rows and seats around those in sight: drawn before a finger moves them there.
const AROUND = 4;
const GAP_PIXELS = 5;

/** The room of so many seats or rows. */
export const room = (count) => `calc(${count} * (var(--seat) + ${GAP_PIXELS}px))`;

/** `draw({top, bottom, left, right})` is told which rows and seats, from 0 and without the last, are
    to be drawn. `frame` scrolls, `grid` is in it and has the size of the whole map. */
export function seatWindow(frame, grid, draw) {
  let [rows, across] = [0, 0];
  let part = null;
  let isAsked = false;

  const isWhole = () => rows * across <= DRAWN_WHOLE_MAX;

  function show(next) {
    part = next;
    if (!isWhole()) {
      // Not by a variable: all seats would be styled anew, whether they use it or not.
      grid.style.paddingTop = room(part.top);
      grid.style.paddingBottom = room(rows - part.bottom);
    }
    draw(part);
  }

  /** The rows and seats in sight, and so many around them. */
  function inSight(around) {
    const [seen, all, row] = [frame, grid, grid.firstElementChild].map((one) => one.getBoundingClientRect());
    const step = row.height + GAP_PIXELS;
    const first = all.left + grid.firstElementChild.firstElementChild.getBoundingClientRect().width;
    const within = (value, most) => Math.min(most, Math.max(0, value));
    return {
      top: within(Math.floor((seen.top - all.top) / step) - around, rows - 1),
      bottom: within(Math.ceil((seen.bottom - all.top) / step) + around, rows),
      left: within(Math.floor((seen.left - first) / step) - around, across - 1),
      right: within(Math.ceil((seen.right - first) / step) + around, across),
    };
  }

  function look() {
    if (isWhole() || !frame.clientHeight) return;
    const seen = inSight(1);
    const isDrawn =
      seen.top >= part.top && seen.bottom <= part.bottom && seen.left >= part.left && seen.right <= part.right;
    if (!isDrawn) show(inSight(AROUND));
  }

  const ask = () => {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      look();
    });
  };
  frame.addEventListener("scroll", ask, { passive: true });
  new ResizeObserver(ask).observe(frame);

  return {
    isWhole,
    /** Begin with a map of so many rows of so many seats. */
    begin(rowCount, seatsPerRow) {
      [rows, across] = [rowCount, seatsPerRow];
      grid.toggleAttribute("data-large", !isWhole());
      frame.scrollTo(0, 0);
      // Of a large map one seat to begin with: its size tells how many are in sight.
      show(isWhole() ? { top: 0, bottom: rows, left: 0, right: across } : { top: 0, bottom: 1, left: 0, right: 1 });
      look();
    },
    /** Draw what is around a seat, wherever that is. */
    lookAt(row, seat) {
      const [height, width] = [part.bottom - part.top, part.right - part.left];
      const from = (place, size, most) => Math.max(0, Math.min(place - Math.floor(size / 2), most - size));
      const [top, left] = [from(row, height, rows), from(seat, width, across)];
      show({ top, bottom: top + height, left, right: left + width });
    },
  };
}
