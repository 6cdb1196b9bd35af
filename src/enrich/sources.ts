/** Finds sources in the list that scripts/build-sources.ts builds, by a binary search of its text: some eleven steps per key. */
import list from '../../dist/sources.txt?raw';
import { coverKey, hostKey, KINDS, listedHost, nameKey, type Source } from './source-list.ts';

const TAB = 9;
const LINE_FEED = 10;

/**
 * The source of a host and the first folder of its path. If the list does not have both together: the source of the host, else of
 * the nearest host above that covers it, else null.
 */
export function sourceOfHost(name: string, folder = ''): Source | null {
  const host = listedHost(name);
  const exact = (folder === '' ? null : find(hostKey(host, folder))) ?? find(hostKey(host));
  if (exact) return exact;
  for (let at = 0; at >= 0; at = host.indexOf('.', at + 1)) {
    const covering = find(coverKey(host.slice(at === 0 ? 0 : at + 1)));
    if (covering) return covering;
  }
  return null;
}

/** The source of a name, in any case; null if it is not in the list. */
export function sourceOfName(name: string): Source | null {
  return find(nameKey(name));
}

function find(key: string): Source | null {
  let low = 0;
  let high = list.length;
  while (low < high) {
    let start = (low + high) >>> 1;
    while (start > low && list.charCodeAt(start - 1) !== LINE_FEED) start--;
    const difference = compareKey(start, key);
    if (difference === 0) {
      const [name = '', kind] = list.slice(start + key.length + 1, list.indexOf('\n', start)).split('\t');
      return { name, kind: KINDS[Number(kind)] ?? 'referral' };
    }
    if (difference < 0) low = list.indexOf('\n', start) + 1;
    else high = start;
  }
  return null;
}

/** Compares the key of the line at `start`, which ends with a tab, to `key`: below 0 if it sorts before `key`. */
function compareKey(start: number, key: string): number {
  for (let at = 0; at < key.length; at++) {
    const code = list.charCodeAt(start + at);
    if (code === TAB) return -1;
    if (code !== key.charCodeAt(at)) return code - key.charCodeAt(at);
  }
  return list.charCodeAt(start + key.length) === TAB ? 0 : 1;
}
