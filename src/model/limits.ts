/**
 * The limits of all input. Sizes are in characters unless they say bytes. A text that is too long is cut if it keeps its meaning (a
 * page, a referrer). An event with an id that is too long is rejected.
 */
export const LIMITS = {
  /** Bytes of a beacon's body, before and after decompression. */
  beaconBytes: 64 * 1024,
  /** Bytes of an API request's body. */
  apiBytes: 1024 * 1024,
  /** Events in one `POST /api/v1/events`. */
  apiEvents: 1000,
  /** Events in one beacon. */
  beaconEvents: 100,
  /** Characters of a pixel request's query that are read. Cloudflare itself accepts URLs of up to 16 KB. */
  url: 16 * 1024,
  /** Query or form fields of one event that are read. Further fields are ignored. */
  fields: 256,
  name: 120,
  eid: 128,
  uid: 256,
  /** Linked aliases of one person, by confirmed links and by all links. Further aliases are stored without a link. */
  aliases: 100,
  /** Aliases of one person that a request reads or erases. */
  followedAliases: 10_000,
  page: 1024,
  hostname: 253,
  referrer: 512,
  source: 120,
  utm: 200,
  geo: 120,
  agentVersion: 24,
  /** A user agent. All these characters are hashed. */
  userAgent: 512,
  /** Characters of a user agent that are parsed; of a run of letters, digits and dots; and of such a run with spaces. */
  parsedAgent: 256,
  agentWord: 32,
  agentPhrase: 48,
  /** Each client hint, `Sec-Purpose` and `Accept-Language`. */
  hint: 64,
  /** The Origin header. */
  origin: 300,
  /** The Referer header. Browsers do not send longer ones. */
  referer: 4096,
  /** A client's address. A log may have a host name instead. */
  address: 255,
  /** Custom properties of an event, and the length of their keys and values. */
  props: 30,
  propKey: 100,
  propValue: 500,
  /** Pixels and tokens in total, and shared links per pixel. */
  pixels: 1000,
  tokens: 1000,
  links: 100,
  /** Changes of a pixel's time zone per hour and isolate. */
  zoneChanges: 10,
  /** Names of bots counted per day and pixel, and unknown names of sites per day. Further ones count as `(other)`. */
  families: 50,
  /** D1 statements that the input of an invocation may cause. The free plan has 50. */
  statements: 48,
  /** D1 statements that one queue message takes at most: to read, enrich and write it. */
  batchStatements: 28,
  /** D1 statements per batch that link aliases. Later events of the same people make the remaining links. */
  linkStatements: 8,
  /** Milliseconds in one engagement: a day. */
  engaged: 24 * 3_600_000,
  /** The greatest revenue, in millionths: the greatest integer that a double holds exactly. */
  valueMicros: Number.MAX_SAFE_INTEGER,
  /** The earliest time of an event: 2000-01-01T00:00:00Z. An earlier time means a wrong clock. */
  oldestTs: 946_684_800_000,
  /** How far a client's clock may run ahead, in milliseconds. */
  clockSkew: 5 * 60_000,
} as const;
