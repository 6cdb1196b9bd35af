/** The names of a campaign's parts, without the `utm_` that they have in a URL. */
const PARTS = ['source', 'medium', 'campaign', 'content', 'term'] as const;

export type Campaign = Partial<Readonly<Record<(typeof PARTS)[number], string>>>;

/** A page's address with the campaign that an event names beside it. What the address says itself is not changed. */
export function withCampaign(address: string, campaign: Campaign): string {
  const hash = address.indexOf('#');
  const page = hash < 0 ? address : address.slice(0, hash);
  const query = page.indexOf('?');
  const existing = new URLSearchParams(query < 0 ? '' : page.slice(query));
  const added = new URLSearchParams();
  for (const part of PARTS) {
    const value = campaign[part] ?? '';
    if (value !== '' && !existing.has(`utm_${part}`)) added.set(`utm_${part}`, value);
  }
  if (address === '' || added.size === 0) return address;
  return `${page}${query < 0 ? '?' : '&'}${added}${hash < 0 ? '' : address.slice(hash)}`;
}
