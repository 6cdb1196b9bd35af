/**
 * The newest state of the database that this browser has seen or made, as D1's bookmark. Requests send it, so a read replica that is
 * behind never answers with less: what was saved is shown, and counts do not go back.
 */
export const BOOKMARK_HEADER = 'x-d1-bookmark';

const STORED = 'speck-bookmark';
/** In place of a bookmark: nothing was saved here, so any state will do. */
const ANY = 'first-unconstrained';

/** The newest that this page has seen. Empty after a failure, until the primary has answered, which has all. */
let seen: string = ANY;

/** What requests send; empty for nothing. Another tab may have saved something, so what it has stored counts as well. */
export function bookmark(): string {
  return seen === '' ? '' : newerOf(seen, stored());
}

/** Called with each response. @param isSaved whether the request may have changed something. */
export function noteBookmark({ headers, status }: Response, isSaved: boolean): void {
  if (status >= 500) {
    // The database may be another one, which does not know the bookmark.
    seen = '';
    store('');
    return;
  }
  const received = headers.get(BOOKMARK_HEADER);
  if (received === null) {
    if (seen === '') seen = ANY;
    return;
  }
  seen = newerOf(seen, received);
  if (isSaved) store(newerOf(stored(), received));
}

/** Bookmarks sort by time, and are of hexadecimal digits, so they sort before any word. */
function newerOf(one: string, other: string): string {
  if (one === '' || one === ANY) return other === '' ? one : other;
  return other !== ANY && other > one ? other : one;
}

function stored(): string {
  try {
    return localStorage.getItem(STORED) ?? '';
  } catch {
    return '';
  }
}

function store(value: string): void {
  try {
    if (value === '') localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, value);
  } catch {
    // Storage is disabled: other tabs do not know.
  }
}
