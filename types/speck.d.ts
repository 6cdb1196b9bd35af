/**
 * The browser tag's calls, for pages written in TypeScript. Copy this file into your project, where its compiler finds
 * it; there is nothing to import.
 */

/** Standard events, by the names that Meta's and other pixels use; any other name will do, too. */
type SpeckStandardEvent =
  | 'pageview'
  | 'AddPaymentInfo'
  | 'AddToCart'
  | 'AddToWishlist'
  | 'CompleteRegistration'
  | 'Contact'
  | 'CustomizeProduct'
  | 'Donate'
  | 'FindLocation'
  | 'InitiateCheckout'
  | 'Lead'
  | 'Purchase'
  | 'Schedule'
  | 'Search'
  | 'StartTrial'
  | 'SubmitApplication'
  | 'Subscribe'
  | 'ViewContent';

/** Names are offered as they are typed, and none is refused. */
type SpeckEventName = SpeckStandardEvent | (string & {});

/** `value` and `currency` (ISO 4217) are revenue; what is no text is kept as its JSON. */
interface SpeckData {
  value?: number | string;
  currency?: string;
  [key: string]: unknown;
}

interface SpeckAbout {
  /** Your own id of the event: reported again within 48 hours, by a server for instance, it counts once. */
  eventID?: string;
  /** The page's address, whole, if not the one in the address bar. */
  url?: string;
}

/** As they are, or as hexadecimal SHA-256. They are normalized and hashed in the browser. */
interface SpeckUserData {
  email?: string;
  /** With its country code. */
  phone?: string | number;
  external_id?: string | number;
}

interface Speck {
  /**
   * With `data-relay`, returns the event's id for the networks' own pixels; undefined without a consent. Before the tag runs, the snippet for
   * `data-relay` returns one in any case, and the tag sends it with a consent only.
   */
  (command: 'track', name: SpeckEventName, data?: SpeckData, about?: SpeckAbout): string | undefined;
  (command: 'identify', uid: string | number | null, userData?: SpeckUserData & { sig?: string }): void;
  (command: 'consent', choice: 'granted' | 'denied'): void;
  (command: 'optout'): void;
}

/** Meta's, as far as the tag understands it. */
interface SpeckFbq {
  (
    command: 'init',
    pixel: string,
    userData?: { em?: string; ph?: string | number; external_id?: string | number; [key: string]: unknown },
  ): void;
  (
    command: 'track' | 'trackCustom',
    name: SpeckEventName | 'PageView',
    data?: SpeckData,
    about?: { eventID?: string },
  ): void;
  (
    command: 'trackSingle' | 'trackSingleCustom',
    pixel: string,
    name: SpeckEventName | 'PageView',
    data?: SpeckData,
    about?: { eventID?: string },
  ): void;
  (command: 'consent', choice: 'grant' | 'revoke'): void;
  (command: 'set', ...ignored: unknown[]): void;
  /** Navigations within the page are then no page views by themselves. */
  disablePushState?: boolean;
}

declare var speck: Speck;

interface Window {
  speck: Speck;
  /** There with `data-alias="fbq"`, or with Meta's own snippet. */
  fbq?: SpeckFbq;
}
