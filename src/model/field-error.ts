/** An error in one part of a request. */
export interface FieldError {
  /** Where in the request, such as `filters[0][1]`. */
  readonly path: string;
  /** What is wrong, and what to do. */
  readonly message: string;
}
