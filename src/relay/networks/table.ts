/**
 * All networks. Each is a part of the Worker of its own, which is loaded when a destination of it is first served: an isolate that sends to one network
 * evaluates a quarter of what all would be together.
 */
import type { NetworkName } from '../../model/destination.ts';
import type { Network } from '../network.ts';

const LOADERS: { readonly [Name in NetworkName]: () => Promise<Network> } = {
  meta: async () => (await import('./meta.ts')).meta,
  google: async () => (await import('./google.ts')).google,
  ga4: async () => (await import('./ga4.ts')).ga4,
  tiktok: async () => (await import('./tiktok.ts')).tiktok,
  pinterest: async () => (await import('./pinterest.ts')).pinterest,
  snap: async () => (await import('./snap.ts')).snap,
  microsoft: async () => (await import('./microsoft.ts')).microsoft,
  webhook: async () => (await import('./webhook.ts')).webhook,
  linkedin: async () => (await import('./linkedin.ts')).linkedin,
  reddit: async () => (await import('./reddit.ts')).reddit,
  openai: async () => (await import('./openai.ts')).openai,
};

/** What its file says of a network. */
export function networkOf(name: NetworkName): Promise<Network> {
  return LOADERS[name]();
}

/** All networks, in the order of their titles. */
export async function allNetworks(): Promise<readonly Network[]> {
  const networks = await Promise.all(Object.values(LOADERS).map((load) => load()));
  return networks.toSorted((one, other) => one.title.localeCompare(other.title, 'en'));
}
