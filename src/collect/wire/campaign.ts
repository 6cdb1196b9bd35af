import { withParameters } from './address.ts';

/** The names of a campaign's parts, without the `utm_` that they have in a URL. */
const PARTS = ['source', 'medium', 'campaign', 'content', 'term'] as const;

export type Campaign = Partial<Readonly<Record<(typeof PARTS)[number], string>>>;

/** A page's address with the campaign that an event names beside it. What the address says itself is not changed. */
export const withCampaign = (address: string, campaign: Campaign): string =>
  withParameters(
    address,
    PARTS.map((part) => [`utm_${part}`, campaign[part] ?? '']),
  );
