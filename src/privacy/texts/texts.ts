/**
 * The texts of the visitor's pages. Each language has a file with all of them. They are HTML, with `{names}` that the pages replace
 * by escaped values, except for those that are marked as plain.
 */
import type { DeliveryState } from '../../model/delivery.ts';
import type { DEVICES } from '../../model/device.ts';
import type { PersonKind } from '../../model/person.ts';
import type { OptOut } from '../../model/wire.ts';
import type { ProblemName } from '../problems.ts';

/** A text with a `{count}`, in the forms that the language has (`Intl.PluralRules`). `other` stands for those that are missing. */
export type Plural = { readonly [Form in 'one' | 'many']?: string } & { readonly other: string };

/** The channels of a visit, as enrich stores them. */
export const CHANNELS = [
  'Direct',
  'Referral',
  'Organic Search',
  'Organic Social',
  'Organic Video',
  'Organic Shopping',
  'AI Assistants',
  'Email',
  'Affiliates',
  'Audio',
  'SMS',
  'Mobile Push Notifications',
  'Paid Search',
  'Paid Social',
  'Paid Video',
  'Paid Shopping',
  'Paid Other',
  'Display',
  'Cross-network',
] as const;

/** A heading and what is below it. */
interface Section {
  readonly title: string;
  readonly paragraphs: readonly string[];
}

interface List {
  readonly title: string;
  readonly items: readonly string[];
}

export interface Texts {
  readonly direction: 'ltr' | 'rtl';
  readonly navigation: {
    readonly privacy: string;
    readonly optOut: string;
    /** For screen readers: what the links to the languages are. */
    readonly languages: string;
  };
  readonly problems: Readonly<Record<ProblemName, readonly [title: string, text: string]>>;
  /** Who is responsible for the pixels. */
  readonly owner: {
    readonly title: string;
    /** Before one owner. */
    readonly one: string;
    /** Before a list of owners. */
    readonly several: string;
    /** After such a list: others have not named themselves; there are more than are listed. */
    readonly unnamed: string;
    readonly more: string;
    /** No owner has named themselves. */
    readonly none: string;
    /** The owner of one website among others has not. */
    readonly siteNone: string;
    readonly unavailable: string;
    /** Links. */
    readonly contact: string;
    readonly policy: string;
  };
  readonly optOut: {
    readonly title: string;
    readonly lead: string;
    /** For each state: its name, what it means, and the button that changes it. */
    readonly states: Readonly<Record<OptOut, readonly [title: string, text: string, button: string]>>;
    /** After opting out, if the browser has sent no cookie: what happened, and what to do. */
    readonly lost: readonly [title: string, text: string];
    readonly counting: Section;
    readonly effects: List;
  };
  readonly privacy: {
    readonly title: string;
    readonly lead: string;
    /** Nothing was found by a complete search, and by one that was not. */
    readonly nothing: string;
    readonly nothingSeen: string;
    readonly found: string;
    readonly events: Plural;
    readonly sites: Plural;
    readonly dayCount: Plural;
    readonly erased: Plural;
    readonly optedOut: string;
    readonly agents: string;
    readonly partial: string;
    readonly moreSites: string;
    /** What the button deletes, if all websites were searched, or one. */
    readonly erase: string;
    readonly eraseSite: string;
    /** Beside the button: whose events may be among those that were found by IP address and browser. */
    readonly shared: string;
    readonly button: string;
    /** Of one website. */
    readonly stored: string;
    readonly storedAtLeast: string;
    readonly latest: string;
    /** Links: to one website, and back to all. */
    readonly only: string;
    readonly all: string;
    readonly seen: string;
    readonly linked: string;
    readonly kinds: Readonly<Record<Exclude<PersonKind, 'cookie'>, string>>;
    /** The table of events. */
    readonly pageOnly: string;
    readonly zone: string;
    readonly columns: readonly [when: string, what: string, more: string];
    readonly technical: string;
    /** What advertising networks are told, of one website. */
    readonly relay: {
      readonly title: string;
      /** Before a list of events with networks, times and states. */
      readonly told: string;
      readonly states: Readonly<Record<DeliveryState, string>>;
      /** In place of the state, if the consent was withdrawn when a request to the network had begun. */
      readonly inFlight: string;
      /** A server of the site's choice. */
      readonly webhook: string;
      /** Opens a list of the names of what was sent; one of them, if it was hashed. */
      readonly fields: string;
      readonly hashed: string;
      /** Before a list of clicks. */
      readonly kept: string;
    };
    readonly never: List;
    readonly codes: Section;
    readonly time: Section;
    readonly limits: List;
    /** What is in a store that cannot delete. */
    readonly analyticsEngine: {
      /** One of the limits: if it has copies of events, or events that are nowhere else. */
      readonly copy: string;
      readonly only: string;
      /** It may have events of today, and gave no answer. */
      readonly unsearched: string;
      /** After an erasure. */
      readonly erased: string;
    };
  };
  /** Plain texts of an event's table: names of events and of fields, and values. */
  readonly event: {
    readonly names: { readonly pageview: string; readonly engagement: string };
    readonly fields: Readonly<Record<FieldName, string>>;
    /** Where a visit came from. */
    readonly channels: Readonly<Record<(typeof CHANNELS)[number], string>>;
    readonly devices: Readonly<Record<(typeof DEVICES)[number], string>>;
    readonly engaged: string;
    readonly scroll: string;
    readonly server: string;
    readonly mailProxy: string;
    /** The number or text by which the website knows the event. */
    readonly reference: string;
  };
}

export type FieldName =
  | 'source'
  | 'campaign'
  | 'place'
  | 'device'
  | 'language'
  | 'read'
  | 'amount'
  | 'custom'
  | 'sender';
