/** Whether a query may hold a consent. Runs for every pixel request, so it only looks for the word. */
export function mayHoldConsent(text: string): boolean {
  return text.includes('granted');
}
