/** The requests of an access log that are not page views. */

/** Why a request is not a page view. The first five can be counted nevertheless: `--include`. */
export const SKIPPED = {
  static: 'files that pages are made of, downloads, feeds, robots.txt',
  errors: 'answered with an error, or not at all',
  redirects: 'answered with a redirect',
  methods: 'not a GET',
  automated: 'made by programs, as the log itself says by a bot score below 30 or as a subrequest',
  elsewhere: 'for another site: of another virtual host, or the server was tried as a proxy',
  garbage: 'not a request for a page at all, such as a port scan',
} as const;

export type SkipReason = keyof typeof SKIPPED;
export const INCLUDABLE = ['static', 'errors', 'redirects', 'methods', 'automated'] as const;
export type Includable = (typeof INCLUDABLE)[number];
