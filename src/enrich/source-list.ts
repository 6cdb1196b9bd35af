/**
 * The list of sources is one text that is searched as it is: lines in the order of their keys, each a key, the source's name and
 * its kind, with tabs in between. Nothing has to be parsed or filled when an isolate starts. Here is how its keys are written.
 */
import { withoutWww } from '../model/text/host.ts';

/** What kind of place a source is. */
export const KINDS = ['referral', 'search', 'social', 'email', 'paid', 'ai', 'video', 'shopping'] as const;
export type Kind = (typeof KINDS)[number];

export interface Source {
  readonly name: string;
  readonly kind: Kind;
}

/** Google's hosts in other countries: `google.de`, `google.co.uk`, `images.google.com.br`. */
const COUNTRY = /(^|\.)google\.(?:(?:com?\.)?[a-z]{2}|cat)$/;

/** A host as the list has it: in lower case, without `www.`, and of Google what it is called in the United States. */
export function listedHost(host: string): string {
  return withoutWww(host.toLowerCase()).replace(COUNTRY, '$1google.com');
}

/** The key of one listed host, or of a host and the first folder of its path, as `google.com/imgres`. */
export function hostKey(host: string, folder = ''): string {
  return `@${host}${folder === '' ? '' : `/${folder}`}`;
}

/** The key of a listed host and of all hosts below it. */
export function coverKey(host: string): string {
  return `.${host}`;
}

/** The key of a source by its name, in any case. */
export function nameKey(name: string): string {
  return `=${name.toLowerCase()}`;
}
