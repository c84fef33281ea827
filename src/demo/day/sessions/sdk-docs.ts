import type { Session } from '../day.js';

export const sdkDocs: Session = {
  key: 'sdk-docs',
  title: 'Quick start for the weather SDK',
  project: 'weatherline-sdk',
  language: 'en',
  programmingLanguage: 'Python',
  exchanges: [
    {
      user: 'The quick start in our docs is two years old. Rewrite it so that a newcomer gets a forecast in five minutes.',
      assistant:
        "I'll follow the old page as a newcomer first, in an empty virtual environment. It breaks at step three: the class Client was renamed to Weatherline in version 4.",
      tool: 'shell',
      files: ['docs/quickstart.md'],
    },
    {
      user: "List everything that's wrong before rewriting.",
      assistant:
        'Four things: the class name, the removed "units" argument, an output block that no longer matches, and a link to a blog that is gone. The rest still works on 4.6.',
      tool: 'read',
      files: ['docs/quickstart.md'],
    },
    {
      user: 'Write the new version. One page, no theory.',
      assistant:
        "The draft has three steps: install, ask for tomorrow's forecast in Lisbon, print it as a table. Every block is meant to be pasted as it stands.",
      tool: 'docs',
      files: ['docs/quickstart.md'],
    },
    {
      user: 'Where does forecast(retry_policy="gentle") come from? I can\'t find it.',
      assistant:
        "It doesn't exist. I invented an API option that sounded plausible instead of looking it up; the real one is Weatherline(retries=3). The page is corrected, and I'm checking every other call against the source.",
      tool: 'docs',
      importance: 'high',
      files: ['docs/quickstart.md', 'src/weatherline/client.py'],
    },
    {
      user: 'Are there other invented ones?',
      assistant:
        'One more: Forecast.to_markdown() is not there either, only to_dict() and to_csv(). I had taken it from another library. Everything else in the page exists with that signature in 4.6.',
      tool: 'read',
      importance: 'high',
      files: ['src/weatherline/forecast.py'],
    },
    {
      user: 'How can we keep docs and code from drifting apart like this?',
      assistant:
        'By running the page. A small test collects the Python blocks of each document, executes them in order against recorded answers, and compares what they print with the block below.',
      files: ['tests/test_docs.py'],
    },
    {
      user: 'Do that for the quick start only, for now.',
      assistant:
        'Done: tests/test_docs.py, sixty lines, 1.2 seconds. It failed twice before it passed, both times rightly: a missing import and a wrong temperature.',
      tool: 'edit',
      files: ['tests/test_docs.py'],
    },
    {
      user: 'Our style guide says British spelling and no exclamation marks.',
      assistant:
        'I missed that; the guide is in docs/STYLE.md and I hadn\'t opened it. "Color" is now "colour" in two places, and the three exclamation marks are gone.',
      tool: 'docs',
      files: ['docs/quickstart.md', 'docs/STYLE.md'],
    },
    {
      user: 'The section on API keys tells people to paste the key into the script.',
      assistant:
        "You're right, that's how keys end up in repositories. The page now reads it from WEATHERLINE_KEY and shows how to set that in three shells.",
      tool: 'docs',
      importance: 'high',
      files: ['docs/quickstart.md'],
    },
    {
      user: 'Can the example work without any key at all?',
      assistant:
        'Yes, the client has a demo station, "lis-demo", that answers without one at ten requests an hour. I\'d start with it and introduce the key in step three.',
      tool: 'read',
      files: ['src/weatherline/stations.py'],
    },
    {
      user: 'Good idea. What about people behind a proxy?',
      assistant:
        "The HTTP layer honours HTTPS_PROXY already, so it's one sentence with a link. I tested it with a local proxy and saw the request go through.",
      tool: 'docs',
      importance: 'low',
      files: ['docs/quickstart.md'],
    },
    {
      user: 'The reference section for Forecast is auto-generated and unreadable.',
      assistant:
        "Its docstrings name types but not units. I can add the units for the fourteen fields, from the service's specification: wind in metres a second, rain in millimetres an hour, pressure at sea level.",
      tool: 'read',
      files: ['src/weatherline/forecast.py'],
    },
    {
      user: "Only docstrings, don't touch the code.",
      assistant:
        'Understood, docstrings only: fourteen fields, no other line in the diff. The type checker and the test suite give the same results as before.',
      tool: 'edit',
      files: ['src/weatherline/forecast.py'],
    },
    {
      user: 'A reader asks whether times are local or UTC.',
      assistant:
        "They are UTC with an explicit offset, and the station's zone is in forecast.zone. I've put it into the second paragraph, since it is the first thing people get wrong with forecasts.",
      tool: 'docs',
      files: ['docs/quickstart.md'],
    },
    {
      user: 'Ask someone new to try it.',
      assistant:
        'Miriam from support followed the page this afternoon: four minutes and twenty seconds to her first forecast. She stumbled once, on activating the environment in PowerShell, and that line is now in the page.',
      tool: 'docs',
      importance: 'low',
      files: ['docs/quickstart.md'],
    },
  ],
};
