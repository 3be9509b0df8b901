/**
 * @generated SignedSource<<c714dc6a3718030b8d9664ebc5af0cfb>>
 * @lightSyntaxTransform
 */

/* tslint:disable */
/* eslint-disable */
// @ts-nocheck

import type { ConcreteRequest } from 'relay-runtime';
export type IngestionStatus = "ABORTED" | "FAILED" | "IN_PROGRESS" | "SUCCESS" | "%future added value";
export type relayChangesSubscription$variables = {
  mappingId: string;
  requestId: string;
};
export type relayChangesSubscription$data = {
  readonly ingestionStatusChanged: {
    readonly from: IngestionStatus | null | undefined;
    readonly info: string;
    readonly numRecords: any | null | undefined;
    readonly request: {
      readonly mappingId: string;
      readonly requestId: string;
    };
    readonly to: IngestionStatus;
  };
};
export type relayChangesSubscription = {
  response: relayChangesSubscription$data;
  variables: relayChangesSubscription$variables;
};

const node: ConcreteRequest = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "mappingId"
  },
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "requestId"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "mappingId",
    "variableName": "mappingId"
  },
  {
    "kind": "Variable",
    "name": "requestId",
    "variableName": "requestId"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "from",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "to",
  "storageKey": null
},
v4 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "info",
  "storageKey": null
},
v5 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "numRecords",
  "storageKey": null
},
v6 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "mappingId",
  "storageKey": null
},
v7 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "requestId",
  "storageKey": null
},
v8 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "relayChangesSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionStatusChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          (v4/*:: as any*/),
          (v5/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
              (v6/*:: as any*/),
              (v7/*:: as any*/)
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "relayChangesSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "IngestionTransition",
        "kind": "LinkedField",
        "name": "ingestionStatusChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          (v3/*:: as any*/),
          (v4/*:: as any*/),
          (v5/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "IngestionRequest",
            "kind": "LinkedField",
            "name": "request",
            "plural": false,
            "selections": [
              (v6/*:: as any*/),
              (v7/*:: as any*/),
              (v8/*:: as any*/)
            ],
            "storageKey": null
          },
          (v8/*:: as any*/)
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "04ffd49eb906e1b6af4101003b51bc43",
    "id": null,
    "metadata": {},
    "name": "relayChangesSubscription",
    "operationKind": "subscription",
    "text": "subscription relayChangesSubscription(\n  $mappingId: ID!\n  $requestId: ID!\n) {\n  ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId) {\n    from\n    to\n    info\n    numRecords\n    request {\n      mappingId\n      requestId\n      id\n    }\n    id\n  }\n}\n"
  }
};
})();

(node as any).hash = "6a152db00131801d3d1cf096b15ac89b";

export default node;
