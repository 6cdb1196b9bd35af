/** Checks the settings that name a pixel's owner to visitors. An empty text removes what was given before. */
import * as v from 'valibot';
import { normalHost } from '../model/text/host.ts';

const MAX_NAME = 120;
const MAX_CONTACT = 500;
const MAX_POLICY = 500;

/** Control characters, line separators, half characters, and marks that change the direction of the text after them. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const text = (max: number) =>
  v.pipe(
    v.string(),
    v.trim(),
    v.maxLength(max),
    v.check((value) => !UNFIT.test(value), 'Leave out line breaks and other control characters.'),
  );

/** The part of an e-mail address before the `@`. Characters that have a meaning in a `mailto:` URL are left out. */
const LOCAL_PART = /^[\p{L}\p{N}.!$*+/=^_{|}~'-]{1,64}$/u;

function isEmailAddress(value: string): boolean {
  const at = value.lastIndexOf('@');
  const host = value.slice(at + 1);
  return LOCAL_PART.test(value.slice(0, Math.max(0, at))) && host.includes('.') && normalHost(host) !== null;
}

/** Whether a browser can open a text as a web page, and nothing else happens if it does. */
function isWebUrl(value: string): boolean {
  const url = /^https?:\/\//i.test(value) ? URL.parse(value) : null;
  return url !== null && url.username === '' && url.password === '';
}

export const OwnerSettings = {
  owner_name: v.optional(text(MAX_NAME)),
  owner_contact: v.optional(
    v.pipe(
      text(MAX_CONTACT),
      v.check(
        (value) => value === '' || isEmailAddress(value) || isWebUrl(value),
        'Send an e-mail address, or the https URL of a page such as a contact form.',
      ),
    ),
  ),
  owner_policy: v.optional(
    v.pipe(
      text(MAX_POLICY),
      v.check(
        (value) => value === '' || isWebUrl(value),
        'Send the https URL of your privacy policy, such as https://example.com/privacy.',
      ),
    ),
  ),
};
