/** Hashes a user's data for advanced matching, normalized as Meta documents it. Raw values never leave the browser. */
import { put, type Values } from './hash-value.ts';

/** @param user by the names of speck('identify', …) or those of fbq('init', …). */
export default async function hash(hashes: Values, user: Values): Promise<void> {
  await put(hashes, 'em', user['em'] || user['email'], (text) => text.toLowerCase());
  // With the country code, without leading zeros or a plus.
  await put(hashes, 'ph', user['ph'] || user['phone'], (text) => text.replace(/^[\D0]+|\D/g, ''));
  await put(hashes, 'external_id', user['external_id'], (text) => text);
}
