/** Who runs a pixel, as its owner tells visitors on `/privacy` and `/opt-out`. */

/** The texts of an owner. They are settings of a pixel. A text that the owner has not given is `''`. */
export interface Owner {
  /** The person or company. */
  readonly owner_name: string;
  /** An e-mail address, or the http or https URL of a page, such as a contact form. */
  readonly owner_contact: string;
  /** The http or https URL of the privacy policy. */
  readonly owner_policy: string;
}

export const NO_OWNER: Owner = { owner_name: '', owner_contact: '', owner_policy: '' };

/** The names of an owner's texts. */
export const OWNER_TEXTS = Object.keys(NO_OWNER) as readonly (keyof Owner)[];

/** Whether an owner has given no text at all. */
export function isUnnamed(owner: Owner): boolean {
  return OWNER_TEXTS.every((name) => owner[name] === '');
}
