/** The header If-Match: a change is made only if what it changes is still as the client has read it. */

/** The ETags that a request expects, in quotes; null if it expects none, or any. */
export function expectedTags(request: Request): readonly string[] | null {
  const tags = request.headers
    .get('if-match')
    ?.split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  return !tags || tags.includes('*') ? null : tags;
}
