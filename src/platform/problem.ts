/** The titles of the service's errors, by HTTP status. */
const TITLES = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  413: 'PayloadTooLargeError',
  414: 'UriTooLongError',
  415: 'UnsupportedMediaTypeError',
  500: 'InternalServerError',
} as const;

/** The service's own refusal of a call. Routes throw it; the server answers with its envelope. */
export class Problem extends Error {
  override readonly name = 'Problem';

  /** @param detail - what is wrong with the call, for its caller */
  constructor(
    readonly httpStatus: keyof typeof TITLES,
    readonly detail: string,
  ) {
    super(detail);
  }

  /** The body of the answer, in Adobe's form. */
  toBody() {
    const { httpStatus: status, detail } = this;
    return { type: '/placeholder/type/uri', status, title: TITLES[status], detail };
  }
}
