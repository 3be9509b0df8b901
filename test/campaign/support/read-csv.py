"""Read CSV with Python's csv: of each question on standard input its rows, with the lines that they begin and end on, and
whether it is well quoted. A question has a text, or the path of a file and its encoding."""
import csv, gzip, io, json, sys

csv.field_size_limit(10_000_000)


def text_of(question):
    if 'text' in question:
        return question['text']
    with open(question['path'], 'rb') as file:
        data = file.read()
    if data[:2] == b'\x1f\x8b':
        data = gzip.decompress(data)
    # A decoder of one byte order keeps the mark, which may be there twice.
    return data.decode(question['encoding']).lstrip('\ufeff')


def read(text, delimiter, strict):
    reader = csv.reader(io.StringIO(text, newline=''), delimiter=delimiter, strict=strict)
    rows, last = [], 0
    for row in reader:
        if row:
            rows.append([last + 1, reader.line_num, row])
        last = reader.line_num
    return rows


def answer(question):
    text, delimiter = text_of(question), question['delimiter']
    try:
        read(text, delimiter, True)
        well_quoted = True
    except csv.Error:
        well_quoted = False
    return {'rows': read(text, delimiter, False), 'isWellQuoted': well_quoted}


json.dump([answer(question) for question in json.load(sys.stdin)], sys.stdout)
