/**
 * @generated SignedSource<<aa856f6ccb7326b3e87ccb2349b1ed69>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
export type IngestionStatus = "ABORTED" | "FAILED" | "IN_PROGRESS" | "SUCCESS" | "%future added value";
import type { FragmentRefs } from "relay-runtime";
export type ingestions_request$data = {
  readonly numRecords: number | null | undefined;
  readonly requestId: string;
  readonly status: IngestionStatus;
  readonly " $fragmentType": "ingestions_request";
};
export type ingestions_request$key = {
  readonly " $data"?: ingestions_request$data;
  readonly " $fragmentSpreads": FragmentRefs<"ingestions_request">;
};

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": null,
  "name": "ingestions_request",
  "selections": [
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "requestId",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "status",
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "numRecords",
      "storageKey": null
    }
  ],
  "type": "IngestionRequest",
  "abstractKey": null
};

(node as any).hash = "0ec45cecc150a371d6c8b129a4010021";

export default node;
