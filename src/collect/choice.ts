/** Whether a query or a body may hold a consent. Cheap, since every request is asked. */
export function mayHoldConsent(text: string): boolean {
  return text.includes('granted');
}
