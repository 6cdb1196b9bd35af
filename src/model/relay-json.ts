/** What the API answers about destinations and conversions. Times are in ISO 8601, unless a field says otherwise. */
import type { Answer, DeliveryState, SentField } from './delivery.ts';
import type { Destination, DestinationProblem, NetworkName } from './destination.ts';

/** A value that an owner gives for a destination. */
export interface NetworkFieldJson {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  /** A regular expression for the whole value, as the attribute `pattern` of an HTML input takes it. */
  readonly pattern: string;
  /** Null: the field is required. */
  readonly default: string | null;
}

export interface NetworkJson {
  readonly name: NetworkName;
  readonly title: string;
  readonly account: NetworkFieldJson;
  readonly secret: NetworkFieldJson;
  readonly settings: readonly NetworkFieldJson[];
  /** Speck's standard events with the network's names of them. Empty if the network gives ids to its owner's conversions. */
  readonly events: Readonly<Record<string, string>>;
  /** What an `as` of a rule has to look like. */
  readonly as: { readonly pattern: string; readonly help: string };
  /** How old an event may be, in milliseconds. */
  readonly max_age: number;
  readonly deduplicates: 'all' | 'purchases' | 'none';
  readonly test: 'code' | 'validate' | 'none';
}

/** Of `GET /api/v1/networks`. */
export interface NetworksJson {
  readonly networks: readonly NetworkJson[];
}

type Times = 'secret_at' | 'created_at' | 'updated_at';

/** A destination, without its secret. */
export type DestinationJson = Omit<Destination, Times | 'problem'> &
  Readonly<Record<Times, string>> & {
    readonly problem:
      | (Omit<DestinationProblem, 'at' | 'retry_at'> & {
          readonly at: string;
          readonly retry_at: string | null;
        })
      | null;
    /** The secret itself is never part of an answer. */
    readonly has_secret: true;
    /** The goals of its rules that the pixel does not have any more: nothing is sent for these rules. */
    readonly missing_goals: readonly string[];
    /** Sent as `If-Match`, in quotes, it makes a change fail if the destination has changed since. */
    readonly etag: string;
  };

/** Of `GET …/destinations`. */
export interface DestinationsJson {
  readonly destinations: readonly DestinationJson[];
}

/** Of `POST …/destinations/:part/test`. */
export interface DestinationTestJson {
  /** The id of the made-up event, by which it is found among the network's test events. */
  readonly event_id: string;
  readonly sent_as: string;
  /** What the answer means: the kinds of EventVerdict and Verdict. */
  readonly verdict: 'delivered' | 'sent' | 'refused' | 'retry' | 'stop';
  readonly answer: Answer;
  /** The fields of the made-up event. */
  readonly fields: readonly SentField[];
}

/** Conversions that were refused for the same reason. */
export interface RefusalJson {
  /** The name of the event as Speck stores it. */
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly advice: string;
  readonly count: number;
  /** The time of the latest of their events. */
  readonly last_at: string;
}

/** Of `GET …/destinations/:part/summary`: the conversions of the last days, by the times of their events. */
export interface DestinationSummaryJson {
  readonly days: number;
  /** The conversions are those of events since then. */
  readonly since: string;
  /** Whether all of them are counted. If not, the latest are. */
  readonly complete: boolean;
  readonly states: Readonly<Record<DeliveryState, number>>;
  /** The same numbers by the pixel's days, the oldest first. The first day begins at `since`. */
  readonly by_day: readonly {
    /** `YYYY-MM-DD`. */
    readonly date: string;
    readonly states: Readonly<Record<DeliveryState, number>>;
  }[];
  /** The most frequent first, at most 20. */
  readonly refusals: readonly RefusalJson[];
  /** Conversions that were handed over: those in the states `sent` and `delivered`. The fields below are about these. */
  readonly sent: number;
  /** Conversions on whose pages the network's own pixel was. */
  readonly on_page: number;
  /** Those of them with an event id of the page, by which the network counts both reports once; null if it goes by the order instead. */
  readonly deduplicable: number | null;
  /** The others of them: the network counts them twice; null if that is unknown. */
  readonly doubled: number | null;
  /** Conversions on whose pages the network's own pixel was not: it has them from Speck only. */
  readonly server_only: number;
  /** From the event to the delivery, in milliseconds; null if none was handed over. Half of them took at most the median, 95 of 100 at most the other. */
  readonly median_delay: number | null;
  readonly p95_delay: number | null;
  /** Of how many conversions, the latest ones, the shares of match keys are. */
  readonly match_keys_of: number;
  /** The fields by which the network finds a person, with the part of the conversions that had them, 0 to 1; the largest first. */
  readonly match_keys: readonly { readonly name: string; readonly hashed: boolean; readonly share: number }[];
}

/** One conversion and what became of it at one destination. */
export interface DeliveryJson {
  readonly destination: string;
  readonly name: string;
  readonly event_id: string;
  /** The network's name of the event. */
  readonly sent_as: string;
  /** When the event happened. */
  readonly ts: string;
  readonly state: DeliveryState;
  /** When it was stored, to be sent. */
  readonly queued_at: string;
  /** When it is due, if it waits, or when the network is asked what became of it. */
  readonly due_at: string | null;
  readonly expires_at: string;
  readonly sent_at: string | null;
  readonly tries: number;
  /** Whether the event id is the client's, so that the network's own pixel may have sent the same. */
  readonly has_eid: boolean;
  readonly reported: readonly ('browser' | 'server')[];
  /** Whether the network's own pixel was on the page. */
  readonly on_page: boolean;
  readonly fields: readonly SentField[];
  readonly answer: Answer | null;
}

/** Of `GET …/destinations/:part/deliveries`: the newest first. */
export interface DeliveriesJson {
  readonly deliveries: readonly DeliveryJson[];
  /** The `before` of those that follow; null if there are none. */
  readonly next: string | null;
}

/** Of `GET …/conversions/:part`: an event id, with each event that has it. */
export interface ConversionsJson {
  readonly event_id: string;
  readonly conversions: readonly ConversionJson[];
}

export interface ConversionJson {
  readonly name: string;
  readonly ts: string;
  readonly has_eid: boolean;
  readonly reported: readonly ('browser' | 'server')[];
  /** What Speck has stored of it, of the report that came first; null once raw events are deleted. */
  readonly event: {
    /** Speck's own id of it. */
    readonly id: string;
    /** The page without parameters: `example.com/thanks`. */
    readonly page: string;
    readonly value: number | null;
    readonly currency: string;
  } | null;
  readonly deliveries: readonly DeliveryJson[];
}
