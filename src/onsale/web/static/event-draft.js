// Keeps what is typed of a new event, over reloads and ways back, until the event is made or given up.

const SLOT = "onsale.new-event";
const CHARACTERS_MAX = 200_000;

/** What this account has typed, or null; what another one has is thrown away. */
export function draftOf(userId) {
  try {
    const draft = JSON.parse(sessionStorage.getItem(SLOT));
    if (draft?.userId === userId) return draft.values;
  } catch {
    // What cannot be read is no draft.
  }
  forgetDraft();
  return null;
}

/** Of what is too long to be kept nothing is: something older would come back in its place. */
export function keepDraft(userId, values) {
  const text = JSON.stringify({ userId, values });
  if (text.length <= CHARACTERS_MAX) sessionStorage.setItem(SLOT, text);
  else forgetDraft();
}

export const forgetDraft = () => sessionStorage.removeItem(SLOT);
