/** Deliveries: each is one conversion on its way to one destination, and afterwards the record of what became of it. */

/**
 * `waiting`: to be sent; `sent`: handed over, and the network decides later; `delivered`: the network has accepted it; `refused`: by the network, or by
 * Speck because the network would; `expired`: it was too old for the network before it could be delivered; `withdrawn`: the visitor withdrew the consent;
 * `unknown`: sent, but the answer was lost, and sending it again could count it twice.
 */
export const DELIVERY_STATES = [
  'waiting',
  'sent',
  'delivered',
  'refused',
  'expired',
  'withdrawn',
  'unknown',
] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Days for which the record of a delivery is stored. */
export const LEDGER_DAYS = 30;

/** The longest time for which a conversion waits, in milliseconds, whatever the network allows: it holds an address. */
export const LONGEST_WAIT = 7 * 86_400_000;

/** Who reported the event: bits of `reported`. */
export const REPORTED = { browser: 1, server: 2 } as const;

/** Stands between the sealed reports of a delivery: that of the server, and the one of the page that it corrects. */
export const PAYLOAD_SEPARATOR = ' ';

/** A field that was sent: where it stands in the network's event, and whether its value is a hash. The value is not stored. */
export interface SentField {
  readonly name: string;
  readonly hashed: boolean;
}

/** What a network answered, without any value that was sent to it. */
export interface Answer {
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** The network's own code of the error, or `''`. */
  readonly code: string;
  /** In the network's words, or Speck's if the network was not asked. */
  readonly message: string;
  /** The network's id of the request, by which its support finds it; or `''`. */
  readonly trace: string;
  /** What the owner can do; `''` if nothing has to be done. */
  readonly advice: string;
}

/** An answer of Speck itself, which has asked no network. */
export function ownAnswer(message: string, advice = ''): Answer {
  return { status: 0, code: '', message, trace: '', advice };
}

/** What the record says of a conversion that waited in vain, if the network has said nothing. */
export const EXPIRED = ownAnswer('It became too old for the network.');
/** What it says of one that may have arrived. */
export const ANSWER_LOST = ownAnswer('The response was lost. Sent again, it could count twice.');
