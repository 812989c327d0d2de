// Reads codes with a camera, in browsers that find codes in pictures themselves.

import { pause } from "./api.js";

const LOOK_EVERY_SECONDS = 0.2;
// A code that was not found so many times in a row is gone, and may be shown anew. Not so long: a slow
// browser looks seldom.
const LOOKS_GONE = 8;

/** Whether this browser has a camera to ask for, and reads QR codes. */
export async function canScan() {
  if (!navigator.mediaDevices?.getUserMedia || !("BarcodeDetector" in window)) return false;
  return (await BarcodeDetector.getSupportedFormats()).includes("qr_code");
}

/** Shows in `video` what the camera sees, and calls `found(text)` for each code, one after the other,
    and once as long as it is in sight; `over()` when the camera has gone, or the page is left for
    another. Returns a function that ends it. Throws if no camera may be used. */
export async function scan(video, found, over) {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  // Codes in sight, with how many looks ago they were found.
  const seen = new Map();
  let isOver = false;

  const end = () => {
    isOver = true;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
    document.removeEventListener("visibilitychange", leave);
  };
  const lose = () => {
    if (isOver) return;
    end();
    over();
  };
  const leave = () => document.hidden && lose();
  document.addEventListener("visibilitychange", leave);
  for (const track of stream.getTracks()) track.addEventListener("ended", lose);

  async function look() {
    const codes = await detector.detect(video);
    for (const [text, looks] of seen)
      if (looks < LOOKS_GONE) seen.set(text, looks + 1);
      else seen.delete(text);
    for (const { rawValue: text } of codes) {
      if (isOver) return;
      const isNew = !seen.has(text);
      seen.set(text, 0);
      if (isNew) await found(text);
    }
  }
  async function goOn() {
    try {
      for (; !isOver; await pause(LOOK_EVERY_SECONDS)) await look();
    } catch {
      lose();
    }
  }
  video.srcObject = stream;
  await video.play();
  goOn();
  return end;
}
