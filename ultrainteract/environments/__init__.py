"""The task families: in a wheel they lie here, in a checkout in the folder at the top."""

from ultrainteract.resources import folder

__path__.append(str(folder("environments")))
