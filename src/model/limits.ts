/**
 * Every bound on what Speck takes in, in one place. Sizes are in characters unless they say bytes. A text that is
 * too long is cut where cutting keeps its meaning (a page, a title); an id or a key that is too long is refused.
 */
export const LIMITS = {
  /** Bytes of a beacon's body, after decompression. */
  beaconBytes: 64 * 1024,
  /** Bytes of an API request's body. */
  apiBytes: 1024 * 1024,
  /** Events in one `POST /api/v1/events`. */
  apiEvents: 1000,
  /** Events in one beacon. */
  beaconEvents: 100,
  /** Characters of a pixel request's URL that are looked at. Cloudflare itself takes up to 16 KB. */
  url: 16 * 1024,
  /** Query or form fields looked at in one event; what comes after them is ignored. */
  fields: 256,
  name: 120,
  eid: 128,
  uid: 256,
  /** Aliases that one person may have, by confirmed links and by all; more are kept, but linked to nobody. */
  aliases: 100,
  /** Aliases of one person that a request shows or erases. */
  followedAliases: 10_000,
  page: 1024,
  hostname: 253,
  referrer: 512,
  source: 120,
  utm: 200,
  place: 120,
  agentVersion: 24,
  /** A user agent; all of it is hashed. */
  userAgent: 512,
  /** Characters of a user agent that are parsed, and of a run of letters, digits and dots in it, and of one with spaces, too. */
  parsedAgent: 256,
  agentWord: 32,
  agentPhrase: 48,
  /** Each of the headers that say what a system is, why a page is fetched, and which languages are read. */
  hint: 64,
  /** The Origin header. */
  origin: 300,
  /** The Referer header: browsers send no longer one. */
  referer: 4096,
  /** A client's address; a log may hold a host name in its place. */
  address: 255,
  /** Custom properties an event keeps, and the length of their keys and values. */
  props: 30,
  propKey: 100,
  propValue: 500,
  /** Pixels and tokens in all, and shared links a pixel. */
  pixels: 1000,
  tokens: 1000,
  links: 100,
  /** Changes of a pixel's time zone in an hour, in each isolate. */
  zoneChanges: 10,
  /** Families of bots told apart a day and pixel; the rest counts as `(other)`. */
  families: 50,
  /** D1 statements that an invocation may cause by what it is sent: the free plan has 50. */
  statements: 48,
  /** Of these, what one message of the queue takes at most, read, enriched and written. */
  batchStatements: 28,
  /** Statements that link aliases of people, a batch. Further links are left to later events of the same people. */
  linkStatements: 8,
  /** Milliseconds that one engagement may report: a day. */
  engaged: 24 * 3_600_000,
  /** Greatest revenue, in millionths: what a double holds exactly. */
  valueMicros: Number.MAX_SAFE_INTEGER,
  /** Events before this moment are taken for a broken clock: 2000-01-01T00:00:00Z. */
  oldestTs: 946_684_800_000,
  /** How far a client's clock may run ahead, in milliseconds. */
  clockSkew: 5 * 60_000,
} as const;
