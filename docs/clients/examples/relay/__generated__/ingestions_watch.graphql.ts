/**
 * @generated SignedSource<<f0679e00fae076c563beb1bddcc17882>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ReaderFragment } from 'relay-runtime';
import type { FragmentRefs } from "relay-runtime";
export type ingestions_watch$data = {
  readonly id: string;
  readonly watch: {
    readonly lastPolledAt: string | null | undefined;
  } | null | undefined;
  readonly " $fragmentType": "ingestions_watch";
};
export type ingestions_watch$key = {
  readonly " $data"?: ingestions_watch$data;
  readonly " $fragmentSpreads": FragmentRefs<"ingestions_watch">;
};

import ingestionsWatchQuery_graphql from './ingestionsWatchQuery.graphql';

const node: ReaderFragment = {
  "argumentDefinitions": [],
  "kind": "Fragment",
  "metadata": {
    "refetch": {
      "connection": null,
      "fragmentPathInResult": [
        "node"
      ],
      "operation": ingestionsWatchQuery_graphql,
      "identifierInfo": {
        "identifierField": "id",
        "identifierQueryVariableName": "id"
      }
    }
  },
  "name": "ingestions_watch",
  "selections": [
    {
      "alias": null,
      "args": null,
      "concreteType": "IngestionWatch",
      "kind": "LinkedField",
      "name": "watch",
      "plural": false,
      "selections": [
        {
          "alias": null,
          "args": null,
          "kind": "ScalarField",
          "name": "lastPolledAt",
          "storageKey": null
        }
      ],
      "storageKey": null
    },
    {
      "alias": null,
      "args": null,
      "kind": "ScalarField",
      "name": "id",
      "storageKey": null
    }
  ],
  "type": "IngestionRequest",
  "abstractKey": null
};

(node as any).hash = "9884ba3fa6b378ef1074cfc71e613c15";

export default node;
