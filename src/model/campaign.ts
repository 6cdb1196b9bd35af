/** The campaign of a page's address, in its UTM parameters. */

/** The names of a campaign's parts, without the `utm_` that they have in an address. */
const PARTS = ['source', 'medium', 'campaign', 'content', 'term'] as const;

export type Campaign = Partial<Readonly<Record<(typeof PARTS)[number], string>>>;

/** A page's address with the campaign that an event names beside it. What the address says itself is not changed. */
export const withCampaign = (address: string, campaign: Campaign): string =>
  withParameters(
    address,
    PARTS.map((part) => [`utm_${part}`, campaign[part] ?? '']),
  );

type Parameters = Iterable<readonly [string, string]>;

/** An address with more parameters in its query. Those that it has already stay as they are. An empty address stays empty. */
export function withParameters(address: string, parameters: Parameters): string {
  const hash = address.indexOf('#');
  const page = hash < 0 ? address : address.slice(0, hash);
  const query = page.indexOf('?');
  const existing = new Set(new URLSearchParams(query < 0 ? '' : page.slice(query)).keys());
  const added = Array.from(parameters).filter(([name, value]) => value !== '' && !existing.has(name));
  if (address === '' || added.length === 0) return address;
  const text = new URLSearchParams(added.map(([name, value]) => [name, value]));
  return `${page}${query < 0 ? '?' : '&'}${text}${hash < 0 ? '' : address.slice(hash)}`;
}
