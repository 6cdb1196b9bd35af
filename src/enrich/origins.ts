/** Keeps a pixel to the sites it is for, where its owner has listed them. */
import type { Client } from '../model/wire.ts';

/** The host that an event was sent from: of the Origin header, else of the Referer; `''` when there is neither. */
export function originOf({ origin, referer }: Client): string {
  return URL.parse(origin)?.hostname ?? URL.parse(referer)?.hostname ?? '';
}

/**
 * Whether a client's page is on one of the allowed hosts. `*.example.com` stands for all hosts below example.com, and
 * not for itself. An empty list allows all.
 */
export function isAllowed(allowed: readonly string[], client: Client): boolean {
  if (allowed.length === 0) return true;
  const host = originOf(client);
  return allowed.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
}
