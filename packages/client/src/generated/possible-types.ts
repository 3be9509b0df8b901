
      export interface PossibleTypesResultData {
        possibleTypes: {
          [key: string]: string[]
        }
      }
      const result: PossibleTypesResultData = {
  "possibleTypes": {
    "JobChange": [
      "JobCancelled",
      "JobChangeRefused"
    ],
    "MappingChange": [
      "MappingChangeRefused",
      "MappingChanged"
    ],
    "Node": [
      "IngestionRequest",
      "IngestionTransition",
      "Job",
      "Mapping"
    ],
    "StartIngestionFailure": [
      "IngestionRefused",
      "MappingNotPublished",
      "MappingNotStopped",
      "StartIngestionError"
    ],
    "StartIngestionResult": [
      "IngestionAlreadyInProgress",
      "IngestionRefused",
      "IngestionSubmitted",
      "MappingNotPublished",
      "MappingNotStopped",
      "StartIngestionError"
    ]
  }
};
      export default result;
    