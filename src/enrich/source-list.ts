/**
 * The keys of the list of sources. The list is one text, searched without parsing, so that an isolate starts fast. Its lines are in
 * the order of their keys; each has a key, the source's name and its kind, separated by tabs.
 */
import { withoutWww } from '../model/text/host.ts';

/** The kinds of sources. */
export const KINDS = ['referral', 'search', 'social', 'email', 'paid', 'ai', 'video', 'shopping'] as const;
export type Kind = (typeof KINDS)[number];

export interface Source {
  readonly name: string;
  readonly kind: Kind;
}

/** Google's hosts in other countries: `google.de`, `google.co.uk`, `images.google.com.br`. */
const COUNTRY = /(^|\.)google\.(?:(?:com?\.)?[a-z]{2}|cat)$/;

/** A host as the list spells it: in lower case, without `www.`, and for Google with the top-level domain `com`. */
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
